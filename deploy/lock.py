"""Pins what the container installs, and lists it: `make lock`.

requirements.txt        every dependency of the project, with version and hashes
requirements-build.txt  what builds its wheel, likewise
sbom.cdx.json           both kinds of foreign code in the product, as a CycloneDX 1.6 bill of materials:
                        the Python packages, and the JavaScript inside static/vendor.js
"""

from __future__ import annotations

import binascii
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from otel_bridge import __version__

DEPLOY = Path(__file__).parent
PROJECT = DEPLOY.parent
# The Python of the image.
PYTHON = "3.11"
VENDORED = ("preact", "htm", "@preact/signals", "@preact/signals-core", "uplot")


def main() -> None:
    _compile(PROJECT / "pyproject.toml", DEPLOY / "requirements.txt")
    _compile(DEPLOY / "requirements-build.in", DEPLOY / "requirements-build.txt")
    (DEPLOY / "sbom.cdx.json").write_text(bill_of_materials())


def bill_of_materials() -> str:
    """The bill as JSON, the same text for the same locks."""
    product = Component(name="otel-bridge", version=__version__, type=ComponentType.APPLICATION)
    bom = Bom(components=[*_python_packages(), *_javascript_packages()])
    bom.metadata.component = product
    bom.register_dependency(product, bom.components)
    found = json.loads(JsonV1Dot6(bom).output_as_string())
    # What changes with every run, and would make each lock look new.
    del found["serialNumber"], found["metadata"]["timestamp"]
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def _compile(source: Path, target: Path) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", str(source), "--output-file", str(target)]
    platforms = ["--universal", "--python-version", PYTHON, "--upgrade"]
    shape = ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    subprocess.run([*command, *platforms, *shape], cwd=PROJECT, check=True)


def _python_packages() -> Iterator[Component]:
    text = (DEPLOY / "requirements.txt").read_text()
    for block in re.split(r"\n(?=\S)", text):
        name, version = re.match(r"([\w.-]+)==([^\s;\\]+)", block).groups()  # type: ignore[union-attr]
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=f"pypi/{name}",
            purl=PackageURL("pypi", name=name, version=version),
        )


def _javascript_packages() -> Iterator[Component]:
    lock = json.loads((PROJECT / "tests" / "node" / "package-lock.json").read_text())
    for name in VENDORED:
        held = lock["packages"][f"node_modules/{name}"]
        group, _, plain = name.rpartition("/")
        algorithm, _, digest = held["integrity"].partition("-")
        assert algorithm == "sha512", name
        yield Component(
            name=plain,
            group=group or None,
            version=held["version"],
            type=ComponentType.LIBRARY,
            bom_ref=f"npm/{name}",
            purl=PackageURL("npm", namespace=group or None, name=plain, version=held["version"]),
            hashes=[HashType(alg=HashAlgorithm.SHA_512, content=binascii.a2b_base64(digest).hex())],
        )


if __name__ == "__main__":
    main()
