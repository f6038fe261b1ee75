"""The steps of a pipeline and how data flows between them, read from the source code."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
Producers = frozenset[str]


@dataclass
class Graph:
    """Steps in the order of the code, and edges from a step to those that use its output.

    Attributes:
        steps: Whether each step is conditional, by name.
        modules: Module of each step.
        edges: Pairs of steps.
    """

    steps: dict[str, bool] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)

    def reduced(self) -> set[tuple[str, str]]:
        """Return the edges without those that follow from others."""
        reached: dict[str, set[str]] = {}
        for step in self.steps:
            self._reach(step, reached)
        return {
            (start, end)
            for start, end in self.edges
            if not any(end in reached[other] for a, other in self.edges if a == start)
        }

    def _reach(self, step: str, reached: dict[str, set[str]]) -> set[str]:
        if step not in reached:
            following = {end for start, end in self.edges if start == step}
            reached[step] = following.union(*(self._reach(end, reached) for end in following))
        return reached[step]


def pipeline_graph(name: str) -> Graph:
    """Read the graph of a pipeline.

    Args:
        name: The pipeline.

    Returns:
        Its steps and edges.
    """
    graph = Graph()
    _Reader(graph, f"pipelines.{name}").call(name, {}, frozenset(), False)
    return graph


class _Reader:
    """Follows the statements of the functions of one module."""

    def __init__(self, graph: Graph, module: str) -> None:
        self.graph = graph
        tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.imports = {
            alias.asname or alias.name: node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }

    def call(
        self, name: str, given: Mapping[str, Producers], cause: Producers, conditional: bool
    ) -> Producers:
        """Follow a function; `given` are its arguments, `cause` are the steps that decide."""
        function = self.functions[name]
        scope = _Scope(dict(given), {}, cause, set())
        self._follow(function.body, scope, conditional)
        return frozenset(scope.returned)

    def _follow(self, body: Iterable[ast.stmt], scope: "_Scope", conditional: bool) -> None:
        for statement in body:
            if isinstance(statement, ast.Assign):
                self._assign(statement, scope, conditional)
            elif isinstance(statement, ast.Expr):
                self._evaluate(statement.value, scope, conditional)
            elif isinstance(statement, ast.Return) and statement.value:
                scope.returned |= self._evaluate(statement.value, scope, conditional)
            elif isinstance(statement, ast.If):
                inner = scope.within(self._evaluate(statement.test, scope, conditional))
                self._follow(statement.body, inner, True)
                self._follow(statement.orelse, inner, True)
                if statement.body and isinstance(statement.body[-1], ast.Return):
                    scope.cause |= inner.cause
                    conditional = True

    def _assign(self, statement: ast.Assign, scope: "_Scope", conditional: bool) -> None:
        (target,) = statement.targets
        names = [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
        value = statement.value
        if isinstance(value, ast.Call) and _is_with_options(value):
            scope.aliases |= dict.fromkeys(names, _root(value))
            return
        producers = self._evaluate(value, scope, conditional)
        scope.values |= dict.fromkeys(names, producers)

    def _evaluate(self, node: ast.AST, scope: "_Scope", conditional: bool) -> Producers:
        if isinstance(node, ast.Name):
            return scope.values.get(node.id, frozenset())
        inputs = [self._evaluate(n, scope, conditional) for n in ast.iter_child_nodes(node)]
        used = frozenset().union(*inputs)
        if not isinstance(node, ast.Call):
            return used
        name = scope.aliases.get(_root(node), _root(node))
        module = self.imports.get(name, "")
        if module.startswith("steps."):
            return self._add(name, module, used | scope.cause, conditional)
        if name in self.functions and isinstance(node.func, ast.Name):
            given = self._arguments(node, self.functions[name], scope, conditional)
            return self.call(name, given, scope.cause, conditional)
        if module.startswith("pipelines.") and isinstance(node.func, ast.Name):
            reader = _Reader(self.graph, module)
            if name in reader.functions:
                given = self._arguments(node, reader.functions[name], scope, conditional)
                return reader.call(name, given, scope.cause, conditional)
        return used

    def _arguments(
        self, node: ast.Call, function: ast.FunctionDef, scope: "_Scope", conditional: bool
    ) -> dict[str, Producers]:
        names = [argument.arg for argument in function.args.args]
        pairs = [*zip(names, node.args, strict=False)]
        pairs += [(word.arg, word.value) for word in node.keywords if word.arg]
        return {name: self._evaluate(value, scope, conditional) for name, value in pairs}

    def _add(self, step: str, module: str, inputs: Producers, conditional: bool) -> Producers:
        self.graph.steps.setdefault(step, conditional)
        self.graph.modules[step] = module
        self.graph.edges |= {(other, step) for other in inputs if other != step}
        return frozenset({step})


@dataclass
class _Scope:
    values: dict[str, Producers]
    aliases: dict[str, str]
    cause: Producers
    returned: set[str]

    def within(self, cause: Producers) -> "_Scope":
        """A branch: it shares the variables, and depends on more steps."""
        return _Scope(self.values, self.aliases, self.cause | cause, self.returned)


def _is_with_options(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "with_options"


def _root(node: ast.expr) -> str:
    """Return the name that a call starts with: `step` of `step.with_options(…)(…)`."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
