"""deploy/kubernetes fits the API, the program and itself: all that one part says of another is so."""

from __future__ import annotations

import base64
import functools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kubernetes_validate import validate
from ruamel.yaml import YAML

from otel_bridge.cli import main
from otel_bridge.config import load
from otel_bridge.config.models import Config
from otel_bridge.kong.files import PLUGIN_FILES, plugin_file
from otel_bridge.kong.recipe import plugin_recipe
from otel_bridge.kong.settings import CaptureSettings
from otel_bridge.kong.sizes import recommended_queue
from tests.programs import program

ROOT = Path(__file__).parent.parent
BRIDGE = ROOT / "deploy" / "kubernetes" / "bridge"
KONG = ROOT / "deploy" / "kubernetes" / "kong"
PLUGINS = KONG / "plugins.yaml"
PLUGIN = ROOT / "otel_bridge" / "kong" / "capture" / "plugin"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
API = "1.31"
"""The oldest that the manifests are for."""
TOKENS = {"OTLP_TOKEN": "sender-secret", "INSPECTOR_TOKEN": "pages-secret"}


@functools.cache
def documents(file: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all(file))


def document(file: Path) -> dict[str, Any]:
    [only] = documents(file)
    return only


def variables(file: Path) -> dict[str, str]:
    """Of a file for a secretGenerator."""
    lines = (line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def resources(directory: Path) -> list[dict[str, Any]]:
    """Those that stand in files here, not the generated ones."""
    entries = [directory / name for name in document(directory / "kustomization.yaml")["resources"]]
    return [found for entry in entries if entry.is_file() for found in documents(entry)]


def only(kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in resources(BRIDGE) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    spec: dict[str, Any] = only("StatefulSet", "otel-bridge")["spec"]["template"]["spec"]
    return spec


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    [only_one] = pod["containers"]
    return dict(only_one)


@pytest.fixture(scope="module")
def config() -> Config:
    return load(BRIDGE / "config.yaml", TOKENS)


@pytest.mark.parametrize("resource", resources(BRIDGE), ids=lambda each: each["kind"])
def test_the_api_takes_each_resource(resource: dict[str, Any]) -> None:
    validate(resource, API, strict=True)


class TestThePod:
    def test_it_has_no_rights(self, pod: dict[str, Any], container: dict[str, Any]) -> None:
        [user] = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
        security = pod["securityContext"]

        assert security["runAsNonRoot"]
        assert user == (str(security["runAsUser"]), str(security["runAsGroup"]))
        assert int(user[1]) == security["fsGroup"]
        assert {"type": "RuntimeDefault"} == security["seccompProfile"]
        assert {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        } == container["securityContext"]
        assert pod["automountServiceAccountToken"] is False

    def test_its_namespace_would_refuse_one_that_had(self) -> None:
        labels = only("Namespace", "otel-bridge")["metadata"]["labels"]

        assert "restricted" == labels["pod-security.kubernetes.io/enforce"]

    def test_there_is_one_of_it(self) -> None:
        assert 1 == only("StatefulSet", "otel-bridge")["spec"]["replicas"]

    def test_it_is_bounded_and_has_the_time_to_stop(
        self, pod: dict[str, Any], container: dict[str, Any]
    ) -> None:
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"]
        assert pod["terminationGracePeriodSeconds"] > 20

    def test_it_runs_the_images_command_on_its_file(
        self, pod: dict[str, Any], container: dict[str, Any]
    ) -> None:
        [command] = re.findall(r"^CMD (\[.*serve.*\])$", DOCKERFILE, re.MULTILINE)
        [generated] = document(BRIDGE / "kustomization.yaml")["configMapGenerator"]
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume["configMap"]["name"] for volume in pod["volumes"]}
        path = Path(container["args"][-1])

        assert json.loads(command) == container["args"]
        assert [path.name] == generated["files"]
        assert str(path.parent) == mounted["config"]
        assert {"config": generated["name"]} == volumes

    def test_everything_it_keeps_is_on_its_volume(self, container: dict[str, Any], config: Config) -> None:
        [claim] = only("StatefulSet", "otel-bridge")["spec"]["volumeClaimTemplates"]
        [state] = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        kept = config.journal.max_size + config.dead_letters.max_size + config.inspector.retention.size
        spared = max(config.journal.min_free, config.inspector.retention.min_free)
        claimed = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) * 1024**3

        assert state == mounted[claim["metadata"]["name"]]
        assert config.journal.directory.is_relative_to(state)
        assert config.inspector.directory.is_relative_to(state)
        # File systems put lost+found and the like into the root.
        assert Path(state) != config.journal.directory
        assert {"config", claim["metadata"]["name"]} == set(mounted)
        assert kept + spared < claimed

    def test_its_ports_are_those_that_it_listens_on(self, container: dict[str, Any], config: Config) -> None:
        protocols = config.receivers.otlp.protocols
        endpoints = {
            "otlp-grpc": protocols.grpc.endpoint,
            "otlp-http": protocols.http.endpoint,
            "pages": config.inspector.endpoint,
            "metrics": config.telemetry.metrics.endpoint,
        }

        assert {name: endpoint.port for name, endpoint in endpoints.items()} == {
            port["name"]: port["containerPort"] for port in container["ports"]
        }
        assert not any(endpoint.is_loopback for endpoint in endpoints.values())

    def test_its_probes_ask_what_is_answered(self, container: dict[str, Any]) -> None:
        asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}

        assert {"metrics"} == {get["port"] for get in asked.values()}
        assert {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"} == {
            kind: get["path"] for kind, get in asked.items()
        }

    def test_prometheus_is_told_where_the_metrics_are(self, config: Config) -> None:
        annotations = only("StatefulSet", "otel-bridge")["spec"]["template"]["metadata"]["annotations"]

        assert str(config.telemetry.metrics.endpoint.port) == annotations["prometheus.io/port"]

    def test_its_secrets_are_the_generated_ones(self, container: dict[str, Any]) -> None:
        [generated] = document(BRIDGE / "kustomization.yaml")["secretGenerator"]
        referred = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"]}

        assert set(TOKENS) == set(referred)
        assert {generated["name"]} == {reference["name"] for reference in referred.values()}
        assert ["secrets.env"] == generated["envs"]
        assert set(variables(BRIDGE / "secrets.env.example")) == {
            reference["key"] for reference in referred.values()
        }

    def test_its_file_has_no_faults_and_refers_to_nothing_else(self) -> None:
        done = CliRunner().invoke(main, ["check-config", str(BRIDGE / "config.yaml")], env=TOKENS)
        warnings = [line for line in done.output.splitlines() if line.startswith("warning")]

        assert 0 == done.exit_code, done.output
        # The network policy says who gets to see them; TLS is for what leaves the cluster.
        assert all(line.endswith("bearer tokens arrive in plain text") for line in warnings), warnings
        assert set(TOKENS) == set(re.findall(r"\$\{env:(\w+)", (BRIDGE / "config.yaml").read_text()))


class TestWhoReachesIt:
    @pytest.mark.parametrize(
        ("name", "ports"),
        [("otel-bridge-otlp", {"otlp-grpc", "otlp-http"}), ("otel-bridge-pages", {"pages"})],
    )
    def test_sending_and_looking_are_two_services(
        self, container: dict[str, Any], name: str, ports: set[str]
    ) -> None:
        service = only("Service", name)["spec"]
        numbers = {port["name"]: port["containerPort"] for port in container["ports"]}

        assert {port: numbers[port] for port in ports} == {
            port["targetPort"]: port["port"] for port in service["ports"]
        }

    def test_everything_selects_the_pod(self) -> None:
        workload = only("StatefulSet", "otel-bridge")["spec"]
        labels = workload["template"]["metadata"]["labels"]

        assert labels
        assert labels == workload["selector"]["matchLabels"]
        assert labels == only("NetworkPolicy", "otel-bridge")["spec"]["podSelector"]["matchLabels"]
        assert all(
            each["spec"]["selector"] == labels for each in resources(BRIDGE) if each["kind"] == "Service"
        )
        assert "otel-bridge-otlp" == workload["serviceName"]

    def test_only_kongs_namespace_may_send(self, container: dict[str, Any]) -> None:
        policy = only("NetworkPolicy", "otel-bridge")["spec"]
        allowed = {
            rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]: {
                port["port"] for port in rule["ports"]
            }
            for rule in policy["ingress"]
        }

        assert ["Ingress"] == policy["policyTypes"]
        assert all(len(rule["from"]) == 1 for rule in policy["ingress"])
        assert {
            document(KONG / "kustomization.yaml")["namespace"]: {"otlp-grpc", "otlp-http"},
            "ingress": {"pages"},
            "monitoring": {"metrics"},
        } == allowed
        assert {port["name"] for port in container["ports"]} == set().union(*allowed.values())

    def test_pages_are_there_for_a_port_forward(self, config: Config) -> None:
        assert "localhost" in config.inspector.allowed_hosts


class TestKong:
    @pytest.fixture(scope="class")
    @classmethod
    def values(cls) -> dict[str, Any]:
        """What is given to the chart's gateway."""
        gateway: dict[str, Any] = document(KONG / "values.yaml")["gateway"]
        return gateway

    def test_they_come_after_the_pods_that_have_them(self) -> None:
        """DB-less Kong refuses a whole configuration for a plugin that it does not have."""
        assert [] == resources(KONG)

    def test_both_plugins_are_on_everything(self) -> None:
        plugins = documents(PLUGINS)

        assert {"otel-capture", "opentelemetry"} == {plugin["plugin"] for plugin in plugins}
        for plugin in plugins:
            assert "KongClusterPlugin" == plugin["kind"]
            assert {"global": "true"} == plugin["metadata"]["labels"]
            assert "kong" == plugin["metadata"]["annotations"]["kubernetes.io/ingress.class"]

    def test_it_sends_to_the_service_of_the_bridge(self, config: Config) -> None:
        sending = _opentelemetry()["config"]
        namespace = document(BRIDGE / "kustomization.yaml")["namespace"]
        port = config.receivers.otlp.protocols.http.endpoint.port

        assert f"http://otel-bridge-otlp.{namespace}.svc:{port}/v1/traces" == sending["traces_endpoint"]
        assert only("Namespace", namespace)

    def test_otel_bridge_has_nothing_to_say_about_it(self, tmp_path: Path) -> None:
        file = tmp_path / "kong.yml"
        plugins = [{"name": each["plugin"], "config": each["config"]} for each in documents(PLUGINS)]
        with file.open("w") as stream:
            YAML(typ="safe").dump({"_format_version": "3.0", "plugins": plugins}, stream)

        done = CliRunner().invoke(main, ["kong", "check", "--file", str(file)])

        assert 0 == done.exit_code, done.output

    def test_its_queue_is_the_recommended_one(self) -> None:
        queue, given = recommended_queue(CaptureSettings().max_body_size), _opentelemetry()["config"]["queue"]

        assert (queue.max_batch_size, queue.max_entries) == (given["max_batch_size"], given["max_entries"])

    def test_the_charts_values_are_what_the_recipe_says(self, values: dict[str, Any]) -> None:
        recipe = plugin_recipe(Path("/opt"), CaptureSettings(), "http://otel-bridge-otlp:4318")
        wanted = dict(re.findall(r"^#   (\w+) = (\S+)", recipe, re.MULTILINE))
        # The chart sets these two itself, for each plugin that it mounts.
        by_the_chart = {"plugins", "lua_package_path"}

        assert {key: wanted[key] for key in wanted.keys() - by_the_chart} == values["env"]

    def test_what_is_mounted_is_the_shipped_plugin(self, values: dict[str, Any]) -> None:
        here = KONG / document(KONG / "kustomization.yaml")["resources"][-1]
        [generated] = document(here / "kustomization.yaml")["configMapGenerator"]
        [mounted] = values["plugins"]["configMaps"]

        assert here.resolve() == PLUGIN
        assert {"name": generated["name"], "pluginName": "otel-capture"} == mounted
        assert generated["options"]["disableNameSuffixHash"]
        assert {name: plugin_file(name) for name in PLUGIN_FILES} == {
            Path(file).name: (here / file).read_text() for file in generated["files"]
        }

    def test_its_token_comes_from_its_secret(self, values: dict[str, Any]) -> None:
        [generated] = document(KONG / "kustomization.yaml")["secretGenerator"]
        [(variable, source)] = values["customEnv"].items()
        reference = source["valueFrom"]["secretKeyRef"]
        sent = _opentelemetry()["config"]["headers"]

        assert {"Authorization": "{vault://env/" + variable.replace("_", "-") + "}"} == sent
        assert generated["name"] == reference["name"]
        assert generated["options"]["disableNameSuffixHash"]
        assert {reference["key"]: "Bearer "} == variables(KONG / "secrets.env.example")


def _opentelemetry() -> dict[str, Any]:
    [plugin] = [each for each in documents(PLUGINS) if each["plugin"] == "opentelemetry"]
    return plugin


def test_no_secret_has_a_value() -> None:
    assert {"", "Bearer "} == {
        value
        for directory in (BRIDGE, KONG)
        for value in variables(directory / "secrets.env.example").values()
    }


@pytest.mark.field
@pytest.mark.timeout(300)
def test_kustomize_builds_what_the_api_takes(tmp_path: Path) -> None:
    """The real tool, on a copy with secrets made as docs/deployment.md says."""
    for directory in (BRIDGE.parent, PLUGIN):
        shutil.copytree(directory, tmp_path / directory.relative_to(ROOT))
    page = (ROOT / "docs" / "deployment.md").read_text()
    [make_secrets] = re.findall(r"^```sh\n(token=.*?)^```", page, re.DOTALL | re.MULTILINE)
    program("openssl", package="openssl")
    subprocess.run(["sh", "-ec", make_secrets], cwd=tmp_path, check=True)

    built = [*_build(tmp_path / BRIDGE.relative_to(ROOT)), *_build(tmp_path / KONG.relative_to(ROOT))]

    for resource in built:
        validate(resource, API, strict=True)
    names = {each["kind"]: each["metadata"]["name"] for each in built if each["metadata"].get("namespace")}
    [workload] = [each for each in built if each["kind"] == "StatefulSet"]
    [container] = workload["spec"]["template"]["spec"]["containers"]
    secrets = {each["metadata"]["name"]: each["data"] for each in built if each["kind"] == "Secret"}
    maps = {each["metadata"]["name"]: set(each["data"]) for each in built if each["kind"] == "ConfigMap"}

    assert {"StatefulSet", "Service", "NetworkPolicy", "ConfigMap", "Secret"} <= set(names)
    for variable in container["env"]:
        reference = variable["valueFrom"]["secretKeyRef"]
        assert reference["key"] in secrets[reference["name"]]
    assert {"config.yaml"} == maps[workload["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]]
    assert set(PLUGIN_FILES) == maps["kong-plugin-otel-capture"]
    shown = base64.b64decode(secrets["otel-bridge-sender"]["authorization"]).decode()
    [taken] = [data["otlp-token"] for data in secrets.values() if "otlp-token" in data]
    assert f"Bearer {base64.b64decode(taken).decode()}" == shown


def _build(directory: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*_kustomize(), str(directory)], capture_output=True, text=True, timeout=240, check=False
    )

    assert 0 == done.returncode, done.stderr
    return list(YAML(typ="safe").load_all(done.stdout))


def _kustomize() -> list[str]:
    """Whatever is here of it; Go brings it anywhere else."""
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    go = program("go", package="kubectl, or Go 1.24 or newer")
    return [go, "run", "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1", "build"]
