"""docs/privacy.md does what it says: its commands run, its settings and defaults are the code's."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner

from otel_bridge.cli import main
from otel_bridge.config import load
from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.erasure.test_everywhere import one
from tests.inspector.store.conftest import kept
from tests.journal import append, open_journal
from tests.mapping.spans import kong, request

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "privacy.md").read_text()
DAY = 86400.0


def commands() -> list[list[str]]:
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    return [shlex.split(line)[1:] for line in lines]


def test_anna_gets_her_data_and_is_forgotten(tmp_path: Path) -> None:
    by_name = kept(1, consumer="anna")
    in_body = kept(2, request=Side(body=b'{"mail": "anna@example.com"}'))
    config = tmp_path / "bridge.yaml"
    config.write_text(
        f"inspector: {{directory: {tmp_path}/store}}\njournal: {{directory: {tmp_path}/journal}}\n"
    )
    keep = Retention(age=1e9, size=1 << 40, bodies=1e9, min_free=0)
    with closing(SqliteStore(tmp_path / "store", retention=keep)) as store:
        store.append([by_name, in_body, kept(3, consumer="bert"), kept(4, path="/anna")])
    with closing(open_journal(tmp_path / "journal")) as journal:
        append(journal, [request(kong(*one(1, {"http.method": "GET", "kong.auth.consumer.name": "anna"})))])
    export, dry_run, erase = commands()
    export[export.index("anna.har")] = str(tmp_path / "anna.har")
    results = [
        CliRunner().invoke(main, [*command, "--config", str(config)]) for command in (export, dry_run, erase)
    ]

    assert [0, 0, 0] == [result.exit_code for result in results]
    assert 2 == len(json.loads((tmp_path / "anna.har").read_text())["log"]["entries"])
    for result, verdict in zip(results[1:], ("nothing is erased", "They are erased"), strict=True):
        told = dict(re.findall(r"^(journal|inspector) +(\d+) ", result.stdout, re.MULTILINE))

        assert {"journal": "1", "inspector": "2"} == told
        assert verdict in result.stdout
    with closing(SqliteStore(tmp_path / "store")) as store:
        assert 2 == len(store.search(parse("")).rows)


def test_settings_load_and_defaults_are_the_codes(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    plain = load(None)

    assert ("email", "phone", "birthdate") == load(file).redaction.fields
    assert "`dead_letters.max_age` (`30d`)" in TEXT
    assert 30 * DAY == plain.dead_letters.max_age
    assert "`inspector.retention.age` (`7d`)" in TEXT
    assert 7 * DAY == plain.inspector.retention.age


def test_links_lead_somewhere() -> None:
    for page, anchor in re.findall(r"\]\(([\w./-]+)(?:#([\w-]+))?\)", TEXT):
        assert (DOCS / page).exists()
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(), re.MULTILINE)

            assert anchor in [
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
            ]
