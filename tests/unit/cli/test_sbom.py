import json

from cli.sbom import make_sbom


def test_a_bill_of_materials_names_every_package_with_its_version() -> None:
    packages = {"pypi": [["numpy", "2.2.0"], ["six", "1.17"]], "deb": [["libc6", "2.36-9"]]}
    content = json.loads(make_sbom("serving", packages))
    assert content["bomFormat"] == "CycloneDX"
    assert content["metadata"]["component"]["name"] == "serving"
    assert {component["purl"] for component in content["components"]} == {
        "pkg:pypi/numpy@2.2.0",
        "pkg:pypi/six@1.17",
        "pkg:deb/debian/libc6@2.36-9",
    }
