"""Schemas of Terraform's providers, read from the bindings that cdktf generated from them."""

import importlib.util
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tf.gen import tfplugin_pb2 as pb

TYPES = {
    "string": b'"string"',
    "number": b'"number"',
    "boolean": b'"bool"',
    "stringMap": b'["map","string"]',
    "booleanMap": b'["map","bool"]',
    "numberMap": b'["map","number"]',
}
DYNAMIC = b'"dynamic"'
ENTRY = re.compile(
    r"(\w+): \{\s+value: ([^\n]*),\s+isBlock: (true|false),\s+"
    r'type: "(\w+)",\s+storageClassType: "(\w+)",\s+\}'
)
COMPUTED = re.compile(r"// (\w+) - computed: true, optional: false, required: false")
NESTED = re.compile(r"(\w+)ToHclTerraform\b")


class Resource:
    """One resource, data source or provider in the bindings: JavaScript and TypeScript."""

    def __init__(self, code: str, types: str) -> None:
        self.functions = dict(
            _sections(code, r"^function (\w+)ToHclTerraform\(struct\) \{", r"^\}")
        )
        self.classes = dict(_sections(code, r"^class (\w+) extends [\w.]+ \{", r"^\}"))
        self.interfaces = dict(_sections(types, r"^export interface (\w+)[^\n]*\{", r"^\}"))

    def schema(self) -> pb.Schema:
        name, body = next(
            (name, body) for name, body in self.classes.items() if "synthesizeHclAttributes" in body
        )
        entries = body[body.index("synthesizeHclAttributes") :]
        return pb.Schema(version=0, block=self._block(entries, f"{name}Config", body))

    def _block(self, entries: str, interface: str, getters: str) -> pb.Schema.Block:
        block = pb.Schema.Block()
        fields = self.interfaces.get(interface, "")
        for name, value, is_block, kind, storage in ENTRY.findall(entries):
            required = re.search(rf"readonly {_camel_case(name)}:", fields) is not None
            nested = NESTED.findall(value.replace("cdktf.", ""))[-1]
            if is_block == "true":
                block.block_types.append(self._nested(name, kind, nested, required))
            else:
                block.attributes.append(
                    pb.Schema.Attribute(
                        name=name,
                        type=_type(kind, storage),
                        required=required,
                        optional=not required,
                        computed=not required,
                    )
                )
        known = {item.name for item in block.attributes} | {b.type_name for b in block.block_types}
        for name in sorted(set(COMPUTED.findall(getters)) - known):
            block.attributes.append(pb.Schema.Attribute(name=name, type=DYNAMIC, computed=True))
        return block

    def _nested(self, name: str, kind: str, nested: str, required: bool) -> pb.Schema.NestedBlock:
        structure = nested[0].upper() + nested[1:]
        getters = self.classes.get(f"{structure}OutputReference", "")
        modes = pb.Schema.NestedBlock.NestingMode
        return pb.Schema.NestedBlock(
            type_name=name,
            block=self._block(self.functions[nested], structure, getters),
            nesting=modes.SINGLE if kind == "struct" else modes.LIST,
            min_items=1 if required and kind != "struct" else 0,
        )


def read_provider(name: str, types: set[str]) -> pb.GetProviderSchema.Response:
    """Return a provider's own schema and those of some of its resources and data sources.

    Args:
        name: The provider, such as "google".
        types: Types of resources, and of data sources with the prefix "data.".
    """
    wanted = {_folder(name, kind): kind for kind in types} | {"provider": ""}
    sources: dict[str, dict[str, str]] = {}
    with tarfile.open(_bindings(name)) as archive:
        for member in archive:
            parts = Path(member.name).parts
            if len(parts) > 3 and parts[2] in wanted and parts[-1].endswith((".js", ".d.ts")):
                file = archive.extractfile(member)
                assert file is not None
                text = file.read().decode()
                kind = "types" if parts[-1].endswith(".d.ts") else "code"
                sources.setdefault(parts[2], {"types": "", "code": ""})[kind] += text
    response = pb.GetProviderSchema.Response()
    response.server_capabilities.get_provider_schema_optional = True
    for folder, source in sources.items():
        schema = Resource(source["code"], source["types"]).schema()
        kind = wanted[folder]
        if folder == "provider":
            for item in schema.block.attributes:
                item.computed = False
            response.provider.CopyFrom(schema)
        elif kind.startswith("data."):
            response.data_source_schemas[kind.removeprefix("data.")].CopyFrom(schema)
        else:
            response.resource_schemas[kind].CopyFrom(schema)
    return response


def _bindings(name: str) -> Path:
    spec = importlib.util.find_spec(f"cdktf_cdktf_provider_{name}")
    assert spec is not None
    assert spec.origin is not None
    return next((Path(spec.origin).parent / "_jsii").glob("*.tgz"))


def _folder(provider: str, kind: str) -> str:
    name = kind.removeprefix("data.")
    if kind.startswith("data."):
        return f"data-{name.replace('_', '-')}"
    return name.removeprefix(f"{provider}_").replace("_", "-")


def _type(kind: str, storage: str) -> bytes:
    if storage in TYPES:
        return TYPES[storage]
    element = storage.removesuffix("List")
    if element in TYPES and kind in {"list", "set"}:
        return b'["%s",%s]' % (kind.encode(), TYPES[element])
    return DYNAMIC


def _camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _sections(text: str, begin: str, end: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(begin, text, re.MULTILINE):
        stop = re.compile(end, re.MULTILINE).search(text, match.end())
        yield match[1], text[match.end() : stop.start() if stop else len(text)]


if __name__ == "__main__":
    provider, target, *kinds = sys.argv[1:]
    Path(target).write_bytes(read_provider(provider, set(kinds)).SerializeToString())
