"""Where a mistake in a prompt file is said to be."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from voiceagent.domain.errors import FilePlace, PlaybookError
from voiceagent.prompt_files import placing, read_prompt

pytestmark = pytest.mark.unit


class _Dish(BaseModel):
    name: str
    minutes: int


class _Menu(BaseModel):
    dishes: tuple[_Dish, ...]


MENU = "dishes:\n- {name: Soup, minutes: 20}\n- name: Stew\n  minutes: 90\n"


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    path = tmp_path / "menu.yaml"
    path.write_text(MENU, "utf-8")
    return path


def test_a_file_as_its_model(menu: Path) -> None:
    assert [dish.name for dish in read_prompt(menu, _Menu).dishes] == ["Soup", "Stew"]


@pytest.mark.parametrize(
    ("text", "line", "column", "field"),
    [
        (MENU.replace("90", "long"), 4, None, "dishes.1.minutes"),
        (MENU.replace("20}", "20, salt: [}"), 2, 36, ""),
        ("- Soup", 1, None, ""),
    ],
)
def test_a_mistake_has_a_place(
    menu: Path, text: str, line: int, column: int | None, field: str
) -> None:
    menu.write_text(text, "utf-8")
    with pytest.raises(PlaybookError) as raised:
        read_prompt(menu, _Menu, "Read the menu.")
    assert raised.value.place == FilePlace(str(menu), line, column, field)
    assert f"{menu}:{line}" in raised.value.problem
    assert raised.value.remedy == "Read the menu."


def test_what_is_found_later_is_placed_by_its_field(menu: Path) -> None:
    with pytest.raises(PlaybookError) as raised, placing(menu):
        raise PlaybookError("dishes[1].minutes: nobody waits so long.", "Cook faster.")
    assert raised.value.place == FilePlace(str(menu), 4, field="dishes[1].minutes")
    assert str(raised.value) == (f"{menu}:4: dishes[1].minutes: nobody waits so long. Cook faster.")


def test_files_outside_the_folder_are_not_included(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("[]", "utf-8")
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "dishes.yaml").write_text("- {name: Soup, minutes: 20}\n", "utf-8")
    menu = folder / "menu.yaml"
    menu.write_text("dishes: !include dishes.yaml\n", "utf-8")
    assert read_prompt(menu, _Menu, root=folder).dishes[0].minutes == 20
    menu.write_text("dishes: !include ../secret.yaml\n", "utf-8")
    with pytest.raises(PlaybookError, match="to include"):
        read_prompt(menu, _Menu, root=folder)
