"""The image's parts fit together, and what it installs runs with the rights that it gets."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from tests.programs import program

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
USER = 10001
# As `docker run --read-only --cap-drop ALL --security-opt no-new-privileges` does: only the first argument's
# directory can be written, and the other arguments are run as the image's user.
CONFINED = (
    'mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && '
    "exec setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs "
    '--inh-caps=-all --bounding-set=-all "$@"'
)
# Some 25 MB to sort, ten times what SQLite does in memory.
SORT = """
import apsw
numbers = "with recursive each(n) as (select 1 union all select n + 1 from each where n < 200000)"
query = numbers + "select hex(randomblob(60)) as text from each order by text"
print(len(list(apsw.Connection(":memory:").execute(query))))
"""


def pinned(lock: str) -> dict[str, str]:
    """The versions in a lock file by name; every one of them has hashes."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", (DEPLOY / lock).read_text().strip()):
        match = re.match(r"([\w.-]+)==([^\s;\\]+)", block)
        assert match, block
        assert "--hash=sha256:" in block, block
        found[canonicalize_name(match[1])] = match[2]
    return found


def test_the_lock_has_every_dependency_in_its_range() -> None:
    versions = pinned("requirements.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in map(Requirement, project["dependencies"]):
        version = versions.get(canonicalize_name(requirement.name))

        assert version is not None, f"{requirement.name} is not locked: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_the_wheel_is_built_by_pinned_tools() -> None:
    assert "hatchling" in pinned("requirements-build.txt")


def test_the_bill_of_materials_lists_what_is_locked() -> None:
    bill = json.loads((DEPLOY / "sbom.cdx.json").read_text())
    listed = {(part["purl"].split("/")[0], part["name"]): part["version"] for part in bill["components"]}
    node = json.loads((ROOT / "tests" / "node" / "package-lock.json").read_text())["packages"]

    assert {("pkg:pypi", name): version for name, version in pinned("requirements.txt").items()}.items() <= {
        (kind, canonicalize_name(name)): version for (kind, name), version in listed.items()
    }.items()
    assert node["node_modules/preact"]["version"] == listed["pkg:npm", "preact"]


def test_the_image_has_no_rights_and_copies_what_exists() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]

    assert ["10001:10001"] == users
    assert "--require-hashes" in DOCKERFILE
    assert all((ROOT / source).exists() for source in copied), copied


def test_the_image_exposes_the_ports_it_listens_on() -> None:
    document = YAML(typ="safe").load(DEPLOY / "container.yaml")
    protocols = document["receivers"]["otlp"]["protocols"]
    endpoints = [
        protocols["grpc"]["endpoint"],
        protocols["http"]["endpoint"],
        document["inspector"]["endpoint"],
        document["telemetry"]["metrics"]["endpoint"],
    ]
    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)

    assert exposed
    assert exposed[1].split() == [endpoint.rpartition(":")[2] for endpoint in endpoints]


def test_the_image_keeps_everything_in_its_volume() -> None:
    document = YAML(typ="safe").load(DEPLOY / "container.yaml")
    [volume] = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)

    for directory in (document["journal"]["directory"], document["inspector"]["directory"]):
        assert Path(directory).is_relative_to(volume)


def environment() -> dict[str, str]:
    """What the image sets."""
    [text] = re.findall(r"^ENV ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in text.replace("\\\n", " ").split())


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that other users can enter, as pytest's own can't be."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.mark.field
@pytest.mark.timeout(300)
def test_what_the_lock_names_serves_on_a_read_only_root_without_rights(public: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a read-only root takes root's rights to make")
    installed, state, config = public / "site", public / "state", public / "config.yaml"
    _install_the_lock(installed)
    state.mkdir()
    os.chown(state, USER, USER)
    listening = re.sub(r"0\.0\.0\.0:\d+", "127.0.0.1:0", (DEPLOY / "container.yaml").read_text())
    config.write_text(listening.replace("/var/lib/otel-bridge", str(state)))

    # -S: without the packages of this Python, only with those of the lock.
    serve = [sys.executable, "-S", "-m", "otel_bridge", "serve", "--config", str(config)]
    serving = subprocess.Popen(
        [
            program("unshare", package="util-linux"),
            "--mount",
            "sh",
            "-ec",
            CONFINED,
            "sh",
            str(state),
            *serve,
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(state),
            "PYTHONPATH": str(installed),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert serving.stdout
    said = list(itertools.takewhile(lambda line: not line.startswith("ready"), serving.stdout))
    owners = {path.stat().st_uid for path in state.rglob("*")}
    serving.send_signal(signal.SIGTERM)
    rest, _ = serving.communicate(timeout=60)

    assert 0 == serving.returncode, "".join(said) + rest
    assert {USER} == owners, "".join(said)


@pytest.mark.field
def test_sqlite_sorts_more_than_memory_holds_on_a_read_only_root(public: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a read-only root takes root's rights to make")
    [volume] = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)
    public.chmod(0o777)
    unshare = program("unshare", package="util-linux")

    done = subprocess.run(
        [unshare, "--mount", "sh", "-ec", CONFINED, "sh", str(public), sys.executable, "-S", "-c", SORT],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(apsw.__file__).parents[1]),
            "SQLITE_TMPDIR": environment()["SQLITE_TMPDIR"].replace(volume, str(public)),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "200000\n") == (done.returncode, done.stdout), done.stderr


def _install_the_lock(target: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(DEPLOY / "requirements.txt")]
    subprocess.run([*install, *locked], check=True)
    (target / "otel_bridge").symlink_to(ROOT / "otel_bridge")
