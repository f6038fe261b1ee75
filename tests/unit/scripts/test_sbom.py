import json
from importlib.metadata import version
from pathlib import Path

from scripts.sbom import ROOT, bill_of_materials, main


def test_every_environment_has_a_bill_with_all_its_pins(tmp_path: Path) -> None:
    main([str(tmp_path)])
    files = sorted((ROOT / "requirements").glob("*.txt"))
    assert sorted(f.name for f in tmp_path.iterdir()) == [f"{f.stem}.cdx.json" for f in files]
    for file in files:
        bill = json.loads((tmp_path / f"{file.stem}.cdx.json").read_text())
        pins = [line for line in file.read_text().splitlines() if "==" in line.split(";")[0]]
        assert len(bill["components"]) == len(pins) > 0, file.name
        assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
        references = [component["bom-ref"] for component in bill["components"]]
        assert len(set(references)) == len(references)


def test_a_component_has_its_url_and_licence() -> None:
    bill = bill_of_materials(ROOT / "requirements" / "base.txt")
    components = {component["name"]: component for component in bill["components"]}
    numpy = components["numpy"]
    assert numpy["purl"] == f"pkg:pypi/numpy@{version('numpy')}"
    assert "BSD" in numpy["licenses"][0]["license"]["name"]


def test_equal_pins_have_equal_bills(tmp_path: Path) -> None:
    pins = tmp_path / "a.txt"
    pins.write_text(
        "numpy==1.0 \\\n    --hash=sha256:00\nsome-thing[extra]==2.0 ; python_version > '3'\n"
    )
    assert bill_of_materials(pins) == bill_of_materials(pins)
    names = [c["name"] for c in bill_of_materials(pins)["components"]]
    assert names == ["numpy", "some-thing"]
    before = bill_of_materials(pins)["serialNumber"]
    pins.write_text("numpy==1.1\n")
    assert bill_of_materials(pins)["serialNumber"] != before
