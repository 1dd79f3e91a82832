"""What was set aside is never lost to what is set aside later."""

from __future__ import annotations

from pathlib import Path

from otel_bridge import database_files


def test_a_second_file_of_one_name_is_set_aside_beside_the_first(tmp_path: Path) -> None:
    path = tmp_path / "hour.db"
    kept = []
    for content in ("first", "second"):
        path.write_text(content)
        path.with_name("hour.db-wal").write_text(f"{content}'s log")
        kept.append(database_files.set_aside(path, ".damaged"))

    assert ["first", "second"] == [each.read_text() for each in kept]
    assert ["first's log", "second's log"] == [
        each.with_name(each.name + "-wal").read_text() for each in kept
    ]
    assert sorted(kept) == sorted(database_files.aside(tmp_path, ".damaged"))
    assert not path.exists()
