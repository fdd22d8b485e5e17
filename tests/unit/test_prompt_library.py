"""Prompts that are edited, broken and mended while the service runs."""

import shutil
from pathlib import Path

import pytest

from voiceagent.domain.errors import PlaybookError
from voiceagent.prompt_library import PromptLibrary, Used

pytestmark = pytest.mark.unit

SHIPPED = Path(__file__).parents[2] / "prompts"
NAME = "billing_callback"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "prompts"))


@pytest.fixture
def library(folder: Path) -> PromptLibrary:
    library = PromptLibrary(folder)
    library.refresh()
    return library


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_prompts_are_all_used_as_they_stand(library: PromptLibrary) -> None:
    report = library.refresh()
    assert report.ok
    listed = {file.path for file in report.files}
    assert {f"playbooks/{NAME}/en.yaml", "supervisor.yaml", "persona/de.md"} <= listed
    assert library.refresh() is report


def test_an_edited_line_is_used_by_the_next_call(folder: Path, library: PromptLibrary) -> None:
    before = library.playbook(NAME, "en").phrases.disclosure
    edit(folder / "phrases" / "en.yaml", "disclosure:", "disclosure: Well met, I am an AI. #")
    path = folder / "phrases" / "en.yaml"
    lines = path.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("disclosure:"))
    while lines[at + 1].startswith(" "):
        del lines[at + 1]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert library.refresh().ok
    assert library.playbook(NAME, "en").phrases.disclosure == "Well met, I am an AI."
    assert library.playbook(NAME, "en").phrases.disclosure != before
    assert library.playbook(NAME, "de").phrases.disclosure != "Well met, I am an AI."


def test_a_broken_file_keeps_the_last_good_one_and_says_where(
    folder: Path, library: PromptLibrary
) -> None:
    good = library.playbook(NAME, "en").phrases
    edit(folder / "phrases" / "en.yaml", "disclosure:", "dizclosure:")
    report = library.refresh()
    assert not report.ok
    assert library.playbook(NAME, "en").phrases == good
    broken = [file for file in report.files if file.problem is not None]
    assert [(file.path, file.used) for file in broken] == [("phrases/en.yaml", Used.LAST_GOOD)]
    problem = broken[0].problem
    assert problem is not None
    assert problem.place is not None
    assert problem.place.line
    assert "dizclosure" in broken[0].text
    edit(folder / "phrases" / "en.yaml", "dizclosure:", "disclosure:")
    assert library.refresh().ok


def test_a_policy_broken_from_the_beginning_is_refused(folder: Path) -> None:
    (folder / "supervisor.yaml").write_text("at_once: nonsense", "utf-8")
    library = PromptLibrary(folder)
    report = library.refresh()
    used = {file.path: file.used for file in report.files}
    assert used["supervisor.yaml"] is Used.NONE
    with pytest.raises(PlaybookError, match=r"supervisor\.yaml"):
        _ = library.policy
    assert library.hold_wishes is not None


def test_a_missing_file_is_told(folder: Path, library: PromptLibrary) -> None:
    (folder / "hold.yaml").unlink()
    report = library.refresh()
    gone = next(file for file in report.files if file.path == "hold.yaml")
    assert gone.used is Used.LAST_GOOD
    assert gone.problem is not None
    assert library.hold_wishes is not None


def test_an_unknown_playbook_is_refused_with_what_there_is(library: PromptLibrary) -> None:
    with pytest.raises(PlaybookError, match=NAME):
        library.playbook("nothing", "en")


def test_a_new_playbook_is_found(folder: Path, library: PromptLibrary) -> None:
    shutil.copytree(folder / "playbooks" / NAME, folder / "playbooks" / "another")
    assert library.refresh().ok
    assert library.playbook("another", "en").name == "another"
