"""docker-compose.yml fits the program, its image and its other files, so that it can't rot unseen."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from otel_bridge.cli import main
from otel_bridge.config import load
from otel_bridge.kong.files import PLUGIN_FILES, plugin_file
from otel_bridge.kong.recipe import plugin_recipe
from otel_bridge.kong.settings import CaptureSettings
from otel_bridge.kong.sizes import recommended_queue
from tests.bridge import PATIENCE, PROTOBUF, Bridge, eventually
from tests.programs import program

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCUMENT: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
KONGS = [service for service in SERVICES if service.startswith("kong-")]
EXAMPLE = ROOT / "examples" / "kong.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SECRETS = {"INSPECTOR_TOKEN": "pages-secret", "OTLP_TOKEN": "sender-secret", "KONG_API_KEY": "0a1b2c"}


def mounts(service: str) -> dict[str, str]:
    """What is mounted where: sources by their places in the container."""
    pairs = (text.split(":") for text in SERVICES[service].get("volumes", ()))
    return {target: source for source, target, *_ in pairs}


def environment(service: str) -> dict[str, str]:
    """As the engine would set it, secrets filled in."""
    return {
        name: re.sub(r"\$\{(\w+):\?[^}]*\}", lambda match: SECRETS[match[1]], value)
        for name, value in SERVICES[service].get("environment", {}).items()
    }


def bridge_file() -> Path:
    return ROOT / mounts("bridge")["/etc/otel-bridge/config.yaml"]


def test_it_is_what_the_specification_allows() -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "compose-spec.json").read_text())

    assert [] == [error.message for error in Draft202012Validator(schema).iter_errors(DOCUMENT)]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined_bounded_and_pinned(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].partition(":")[2]

    assert service["read_only"]
    assert ["ALL"] == service["cap_drop"]
    assert "cap_add" not in service
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert not service.get("privileged")
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service.get("user", _image_user(service)) not in ("", "0", "root")
    assert tag
    assert "latest" != tag


def _image_user(service: dict[str, Any]) -> str:
    """Of the image that is built here; those of others have to be told whose they are."""
    [user] = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    return str(user) if service["image"] == SERVICES["bridge"]["image"] else ""


def test_only_this_machine_reaches_it() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "host" not in {service.get("network_mode") for service in SERVICES.values()}


def test_secrets_have_no_defaults_and_the_example_names_them_all() -> None:
    referred = set(re.findall(r"(?<!\$)\$\{(\w+)(.*?)\}", COMPOSE.read_text()))
    given = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )

    assert given.pop("COMPOSE_PROFILES") in SERVICES["kong-direct"]["profiles"]
    assert set(SECRETS) == {name for name, _ in referred} == set(given)
    assert all(rest.startswith(":?") for _, rest in referred)
    assert {""} == set(given.values())


def test_secrets_files_stay_out_of_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert {".env", "secrets.env"} <= set(ignored)


def test_what_is_mounted_from_here_exists() -> None:
    for name in SERVICES:
        for source in mounts(name).values():
            if source.startswith("."):
                assert (ROOT / source).exists(), source
            else:
                assert source in DOCUMENT["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_depend_on_what_their_profile_starts(name: str) -> None:
    profiles = set(SERVICES[name].get("profiles", ()))
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        needed = set(SERVICES[other].get("profiles", ()))

        assert not needed or profiles <= needed
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other] or _has_health_check_of_its_image(SERVICES[other])


def _has_health_check_of_its_image(service: dict[str, Any]) -> bool:
    return "build" in service and "HEALTHCHECK" in DOCKERFILE


class TestTheBridge:
    def test_its_file_has_no_faults(self) -> None:
        done = CliRunner().invoke(main, ["check-config", str(bridge_file())], env=environment("bridge"))
        warnings = [line for line in done.output.splitlines() if line.startswith("warning")]

        assert 0 == done.exit_code, done.output
        # Between the containers of one machine: TLS is for what leaves it.
        assert all(line.endswith("bearer tokens arrive in plain text") for line in warnings), warnings

    def test_it_fits_its_image(self) -> None:
        config = load(bridge_file(), environment("bridge"))
        [volume] = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)
        [command] = re.findall(r"^CMD (\[.*serve.*\])$", DOCKERFILE, re.MULTILINE)
        health = re.search(r"HEALTHCHECK.*?127\.0\.0\.1:(\d+)/healthz", DOCKERFILE, re.DOTALL)
        exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)

        assert "command" not in SERVICES["bridge"]
        assert {volume, json.loads(command)[-1]} == set(mounts("bridge"))
        assert config.journal.directory.is_relative_to(volume)
        assert config.inspector.directory.is_relative_to(volume)
        assert health
        assert exposed
        assert config.telemetry.metrics.endpoint.port == int(health[1])
        assert {
            config.receivers.otlp.protocols.grpc.endpoint.port,
            config.receivers.otlp.protocols.http.endpoint.port,
            config.inspector.endpoint.port,
            config.telemetry.metrics.endpoint.port,
        } == set(map(int, exposed[1].split()))

    def test_its_pages_are_where_the_browser_looks(self) -> None:
        config = load(bridge_file(), environment("bridge"))
        port = config.inspector.endpoint.port

        assert [f"127.0.0.1:{port}:{port}"] == SERVICES["bridge"]["ports"]
        assert f"http://localhost:{port}" == config.inspector.public_url
        assert "localhost" in config.inspector.allowed_hosts

    def test_it_has_the_time_to_stop(self) -> None:
        assert int(SERVICES["bridge"]["stop_grace_period"].removesuffix("s")) > 20

    @pytest.mark.field
    def test_it_takes_what_kong_sends_and_shows_it_to_who_has_the_token(self, tmp_path: Path) -> None:
        bridge = Bridge(tmp_path)
        bridge.config.write_text(
            re.sub(r"0\.0\.0\.0:\d+", "127.0.0.1:0", bridge_file().read_text())
            .replace("/var/lib/otel-bridge", str(tmp_path / "state"))
            .replace("telemetry:", "  retention: {min_free: 0MiB}\ntelemetry:")
            .replace("inspector:", "  min_free: 0MiB\ninspector:", 1)
        )
        with bridge.start(environment=environment("bridge")):
            request = (ROOT / "otel_bridge" / "demo" / "traffic" / "post-json-small.pb").read_bytes()
            kongs = {"Authorization": environment("kong-direct")["OTLP_AUTHORIZATION"]}
            pages = httpx.URL(bridge.address("inspector"))
            address = f"http://127.0.0.1:{pages.port}/api/search"
            login = {
                "Authorization": f"Bearer {SECRETS['INSPECTOR_TOKEN']}",
                "Host": f"localhost:{pages.port}",
            }

            assert 401 == bridge.post(request).status_code
            assert 200 == bridge.post(request, PROTOBUF | kongs).status_code
            eventually(lambda: len(_found(address, login)) == 1, "the exchange is on the page")
            assert 401 == _get(address, {"Host": "localhost"}).status_code
            assert 421 == _get(address, login | {"Host": "bridge"}).status_code


def _found(address: str, headers: dict[str, str]) -> list[Any]:
    return list(_get(address, headers).raise_for_status().json()["rows"])


def _get(address: str, headers: dict[str, str]) -> httpx.Response:
    return httpx.get(address, headers=headers, timeout=PATIENCE)


class TestKong:
    def test_the_example_has_nothing_wrong(self) -> None:
        done = CliRunner().invoke(main, ["kong", "check", "--file", str(EXAMPLE)])

        assert 0 == done.exit_code, done.output
        assert done.output.endswith("Nothing is wrong.\n")

    def test_its_queue_is_the_recommended_one(self) -> None:
        [exporter] = [entry for entry in _kong_yml()["plugins"] if entry["name"] == "opentelemetry"]
        queue = recommended_queue(CaptureSettings().max_body_size)

        assert queue.max_batch_size == exporter["config"]["queue"]["max_batch_size"]
        assert queue.max_entries == exporter["config"]["queue"]["max_entries"]

    @pytest.mark.parametrize("name", KONGS)
    def test_it_runs_as_the_recipe_says(self, name: str) -> None:
        directory = Path("/opt/otel-capture")
        recipe = plugin_recipe(directory, CaptureSettings(), "http://bridge:4318")
        wanted = dict(re.findall(r"^#   (\w+) = (\S+)", recipe, re.MULTILINE))
        given = environment(name)

        assert len(wanted) == 5
        assert wanted == {key: given[f"KONG_{key.upper()}"] for key in wanted}

    @pytest.mark.parametrize("name", KONGS)
    def test_the_plugin_that_is_mounted_is_the_shipped_one(self, name: str) -> None:
        shipped = ROOT / mounts(name)["/opt/otel-capture"] / "kong" / "plugins" / "otel-capture"

        assert {file.name: file.read_text() for file in shipped.iterdir()} == {
            file: plugin_file(file) for file in PLUGIN_FILES
        }

    @pytest.mark.parametrize("name", KONGS)
    def test_every_vault_reference_is_in_the_environment(self, name: str) -> None:
        referred = re.findall(r"\{vault://env/([\w-]+)\}", EXAMPLE.read_text())

        assert {"OTLP_TRACES_ENDPOINT", "OTLP_AUTHORIZATION"} == {
            reference.upper().replace("-", "_") for reference in referred
        }
        assert {"OTLP_TRACES_ENDPOINT", "OTLP_AUTHORIZATION"} <= set(environment(name))

    def test_its_token_is_one_that_the_bridge_takes(self) -> None:
        tokens = load(bridge_file(), environment("bridge")).receivers.otlp.auth.bearer_tokens

        assert ["sender-secret"] == [token.get_secret_value() for token in tokens]
        for name in KONGS:
            assert "Bearer sender-secret" == environment(name)["OTLP_AUTHORIZATION"]

    def test_the_direct_one_sends_to_the_bridge(self) -> None:
        port = load(bridge_file(), environment("bridge")).receivers.otlp.protocols.http.endpoint.port

        assert f"http://bridge:{port}/v1/traces" == environment("kong-direct")["OTLP_TRACES_ENDPOINT"]

    def test_both_differ_in_where_they_send_alone(self) -> None:
        direct, collector = (dict(SERVICES[name]) for name in ("kong-direct", "kong-collector"))
        for service in (direct, collector):
            del service["profiles"], service["depends_on"]
            service["environment"] = service["environment"] | {"OTLP_TRACES_ENDPOINT": ""}

        assert direct == collector

    def test_upstreams_are_services_that_it_shares_a_network_with(self) -> None:
        hosts = {httpx.URL(service["url"]).host for service in _kong_yml()["services"]}

        assert {"upstream"} == hosts
        assert set(SERVICES["upstream"]["networks"]) < set(SERVICES["kong-direct"]["networks"])
        assert not set(SERVICES["upstream"]["networks"]) & set(SERVICES["bridge"]["networks"])

    def test_the_key_comes_from_the_environment_alone(self, tmp_path: Path) -> None:
        script = _in_container(SERVICES["kong-direct"]["command"][-1])
        [put_in] = [line for line in script.splitlines() if line.startswith("sed")]
        written = tmp_path / "kong.yml"

        subprocess.run(
            ["sh", "-ec", put_in.replace("/etc/kong/kong.yml", shlex.quote(str(EXAMPLE)))],
            env={
                "PATH": os.environ["PATH"],
                "KONG_API_KEY": "0a1b2c",
                "KONG_DECLARATIVE_CONFIG": str(written),
            },
            check=True,
        )

        [consumer] = YAML(typ="safe").load(written)["consumers"]
        assert [{"key": "0a1b2c"}] == consumer["keyauth_credentials"]
        assert [{"key": "@KONG_API_KEY@"}] == _kong_yml()["consumers"][0]["keyauth_credentials"]

    @pytest.mark.parametrize("name", KONGS)
    def test_it_writes_into_memory_alone(self, name: str) -> None:
        given = environment(name)
        in_memory = [entry.partition(":")[0] for entry in SERVICES[name]["tmpfs"]]

        for written in ("KONG_PREFIX", "KONG_DECLARATIVE_CONFIG"):
            assert any(Path(given[written]).is_relative_to(place) for place in in_memory)
        assert all(text.endswith(":ro") for text in SERVICES[name]["volumes"])


class TestTheCollector:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        """What its file comes to in the container."""
        text = (ROOT / mounts("collector")["/etc/otelcol-contrib/config.yaml"]).read_text()
        given = environment("collector")
        assert set(given) - set(re.findall(r"\$\{env:(\w+)", text)) == {"GOMEMLIMIT"}
        resolved = re.sub(
            r"\$\{env:(\w+)(?::-([^}]*))?\}", lambda match: str(given.get(match[1], match[2])), text
        )
        document: dict[str, Any] = YAML(typ="safe").load(resolved)
        return document

    def test_it_is_the_release_that_the_tests_run(self) -> None:
        builder = YAML(typ="safe").load(ROOT / "tests" / "collector" / "builder.yaml")

        assert builder["dist"]["version"] == SERVICES["collector"]["image"].rpartition(":")[2]

    def test_it_reads_the_file_that_is_mounted(self) -> None:
        [option] = SERVICES["collector"]["command"]

        assert option.removeprefix("--config=") in mounts("collector")

    def test_kong_finds_it(self, config: dict[str, Any]) -> None:
        host, _, port = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")

        assert "0.0.0.0" == host
        assert f"http://collector:{port}/v1/traces" == environment("kong-collector")["OTLP_TRACES_ENDPOINT"]

    def test_it_finds_the_bridge_and_is_let_in(self, config: dict[str, Any]) -> None:
        bridge = load(bridge_file(), environment("bridge")).receivers.otlp
        [exporter] = config["service"]["pipelines"]["traces"]["exporters"]

        assert f"bridge:{bridge.protocols.grpc.endpoint.port}" == config["exporters"][exporter]["endpoint"]
        assert {"authorization": "Bearer sender-secret"} == config["exporters"][exporter]["headers"]
        assert ["sender-secret"] == [token.get_secret_value() for token in bridge.auth.bearer_tokens]

    def test_its_queue_is_on_its_volume_which_its_user_owns(self, config: dict[str, Any]) -> None:
        volume = mounts("collector")[config["extensions"]["file_storage"]["directory"]]
        [state] = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)
        [owner] = re.findall(rf"install -d -o (\d+) -g \d+ .*{state}$", DOCKERFILE, re.MULTILINE)

        assert SERVICES["bridge"]["image"] == SERVICES["collector-volume"]["image"]
        assert {state: volume} == mounts("collector-volume")
        assert SERVICES["collector"]["user"].startswith(f"{owner}:")

    def test_it_refuses_before_the_engine_kills_it(self, config: dict[str, Any]) -> None:
        limit = config["processors"]["memory_limiter"]["limit_mib"]

        assert f"{limit}MiB" == environment("collector")["GOMEMLIMIT"]
        assert f"{limit * 5 // 4}m" == SERVICES["collector"]["mem_limit"]

    def test_making_the_volume_is_a_command_of_ours(self) -> None:
        assert 0 == CliRunner().invoke(main, SERVICES["collector-volume"]["command"]).exit_code


def _kong_yml() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(EXAMPLE)
    return document


def _in_container(text: str) -> str:
    """`$$` is how compose writes a dollar sign."""
    return text.replace("$$", "$")


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("compose") / "compose"
    go = program("go", package="Go 1.24 or newer")
    subprocess.run([go, "build", "-o", str(built), "."], cwd=ROOT / "tests" / "compose", check=True)
    return built


@pytest.mark.field
@pytest.mark.timeout(300)
class TestTheComposeTool:
    """The loader of `docker compose` itself, which needs no engine."""

    def load(
        self, tool: Path, directory: Path = ROOT, /, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tool, COMPOSE.name],
            cwd=directory,
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @pytest.mark.parametrize(
        ("profile", "started"),
        [
            ("direct", {"kong-direct", "bridge", "upstream"}),
            ("collector", {"kong-collector", "collector", "collector-volume", "bridge", "upstream"}),
        ],
    )
    def test_each_profile_is_a_whole(self, tool: Path, profile: str, started: set[str]) -> None:
        done = self.load(tool, COMPOSE_PROFILES=profile, **SECRETS)

        assert 0 == done.returncode, done.stderr
        loaded = json.loads(done.stdout)["services"]
        assert started == set(loaded)
        assert SECRETS["OTLP_TOKEN"] == loaded["bridge"]["environment"]["OTLP_TOKEN"]

    @pytest.mark.parametrize("missing", SECRETS)
    def test_a_missing_secret_is_named(self, tool: Path, missing: str) -> None:
        others = {name: value for name, value in SECRETS.items() if name != missing}
        done = self.load(tool, COMPOSE_PROFILES="direct", **others)

        assert 1 == done.returncode
        assert f"required variable {missing} is missing a value: put it into .env" in done.stderr

    @pytest.mark.parametrize("page", ["README.md", "docs/deployment.md"])
    def test_what_a_page_says_to_type_makes_a_whole_of_it(
        self, tool: Path, tmp_path: Path, page: str
    ) -> None:
        program("openssl", package="openssl")
        [make_secrets] = re.findall(
            r"^```sh\n(\(echo COMPOSE_PROFILES.*?> \.env\n)",
            (ROOT / page).read_text(),
            re.DOTALL | re.MULTILINE,
        )
        (tmp_path / COMPOSE.name).write_text(COMPOSE.read_text())
        subprocess.run(["sh", "-ec", make_secrets], cwd=tmp_path, check=True)

        done = self.load(tool, tmp_path)

        assert 0 == done.returncode, done.stderr
        bridge = json.loads(done.stdout)["services"]["bridge"]["environment"]
        assert re.fullmatch("[0-9a-f]{48}", bridge["INSPECTOR_TOKEN"])
        assert bridge["INSPECTOR_TOKEN"] != bridge["OTLP_TOKEN"]
