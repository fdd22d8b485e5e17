"""The prompt files as calls use them, and what is wrong with them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.house import SHIPPED_PROMPTS, House, opened_house
from voiceagent.desk.prompts_routes import kind_and_language

pytestmark = pytest.mark.unit


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    prompts = Path(shutil.copytree(SHIPPED_PROMPTS, tmp_path / "prompts"))
    async with opened_house(tmp_path, prompts=prompts) as house:
        yield house


@pytest.mark.parametrize(
    ("path", "kind", "language"),
    [
        ("playbooks/billing_callback/de.yaml", "playbook", "de"),
        ("phrases/en.yaml", "phrases", "en"),
        ("guidance/de.yaml", "guidance", "de"),
        ("persona/en.md", "persona", "en"),
        ("persona/en.examples.md", "examples", "en"),
        ("packet/de.md", "summary", "de"),
        ("packet/de.examples.md", "examples", "de"),
        ("questions/en.yaml", "questions", "en"),
        ("knowledge/en/moving.md", "knowledge", ""),
        ("supervisor.yaml", "supervisor", ""),
        ("hold.yaml", "hold", ""),
        ("README.md", "README", ""),
    ],
)
def test_what_a_file_is_for_is_said_by_its_path(path: str, kind: str, language: str) -> None:
    assert kind_and_language(path) == (kind, language)


async def test_the_shipped_prompts(house: House) -> None:
    async with house.signed_in("supervisor") as browser:
        told = (await browser.get("/api/prompts")).json()
    assert told["ok"] is True
    on_disk = {
        path.relative_to(SHIPPED_PROMPTS).as_posix(): path.read_text("utf-8")
        for path in SHIPPED_PROMPTS.rglob("*")
        if path.is_file()
    }
    assert {file["path"]: file["text"] for file in told["files"]} == on_disk
    assert {file["used"] for file in told["files"]} == {"current"}
    known = {"playbook", "phrases", "guidance", "persona", "examples", "questions"}
    assert {file["kind"] for file in told["files"]} == known | {"supervisor", "hold", "summary"}
    assert house.deeds() == [("u-supervisor", "prompts_read", "")]


async def test_a_broken_file_says_where(house: House, tmp_path: Path) -> None:
    house.desk.prompts.refresh()
    path = tmp_path / "prompts" / "phrases" / "en.yaml"
    path.write_text(path.read_text("utf-8").replace("disclosure:", "dizclosure:", 1), "utf-8")
    async with house.signed_in("supervisor") as browser:
        told = (await browser.get("/api/prompts")).json()
        broken = [file for file in told["files"] if file["problem"]]
        assert told["ok"] is False
        assert [(f["path"], f["used"]) for f in broken] == [("phrases/en.yaml", "last_good")]
        problem = broken[0]["problem"]
        assert problem.keys() == {"line", "column", "field", "problem", "remedy"}
        assert problem["line"] >= 1
        assert problem["problem"]
        assert "dizclosure" in broken[0]["text"]
        path.unlink()
        told = (await browser.get("/api/prompts")).json()
        missing = [file for file in told["files"] if file["problem"]]
    assert missing
    assert missing[0]["used"] == "last_good"
