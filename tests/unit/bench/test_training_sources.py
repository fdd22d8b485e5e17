"""Labelled data as it lies in folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voiceagent.bench import training_sources as sources
from voiceagent.domain.errors import InputError
from voiceagent.domain.transcript import Speaker

pytestmark = pytest.mark.unit


def test_project_dialogues_are_read_with_the_labels_of_the_customer(tmp_path: Path) -> None:
    line = {
        "id": "a-1",
        "lang": "de",
        "turns": [
            {"speaker": "agent", "text": "Guten Tag"},
            {"speaker": "customer", "text": "Schon wieder", "frustrated": True},
        ],
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(line) + "\n\n", "utf-8")
    (found,) = sources.project_dialogues(tmp_path)
    assert (found.source, found.language, found.labels) == ("project-a", "de", (None, True))
    assert [t.speaker for t in found.turns] == [Speaker.AGENT, Speaker.CALLER]
    assert sources.project_dialogues(tmp_path / "a.jsonl") == [found]


def test_a_line_of_another_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n', "utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl, line 1"):
        sources.project_dialogues(tmp_path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No dialogues"):
        sources.project_dialogues(tmp_path)


def test_ratings_below_neutral_are_dissatisfied(tmp_path: Path) -> None:
    (tmp_path / "uss").mkdir()
    (tmp_path / "uss" / "SGD.txt").write_text(
        "\nUSER\thello\tX\t3,3,4\nSYSTEM\thi\tY\t\nUSER\tno, not that\tX\t2,2,3\n"
        "USER\tOVERALL\t\t2,3\n\nUSER\tthanks\tX\t4,4\n",
        "utf-8",
    )
    first, second = sources.satisfaction_dialogues(tmp_path)
    assert first.labels == (False, None, True)
    assert second.labels == (False,)
    assert first.source == "uss-sgd"


def test_emotions_of_single_texts(tmp_path: Path) -> None:
    for name in ("goemotions", "xed", "brighter/train", "airline", "emowoz"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "goemotions" / "labels.txt").write_text("anger\njoy\n", "utf-8")
    for split in ("train", "dev", "test"):
        (tmp_path / "goemotions" / f"{split}.tsv").write_text(f"[NAME] {split}\t0\tid\n", "utf-8")
    (tmp_path / "xed" / "de-projections.tsv").write_text("So nicht.\t1, 3\n", "utf-8")
    (tmp_path / "xed" / "neu_en.txt").write_text("9\tOne moment\n", "utf-8")
    (tmp_path / "brighter" / "train" / "deu.csv").write_text(
        "id,text,anger,joy\n1,Was soll das,1,0\n", "utf-8"
    )
    (tmp_path / "airline" / "Tweets.csv").write_text(
        "airline_sentiment,text\nnegative,@air lost my bag\n", "utf-8"
    )
    (tmp_path / "emowoz" / "subset_2k_processed.json").write_text(
        '[{"text": "no", "emotion_id": 2}, {"text": "fine", "emotion_id": 6}]', "utf-8"
    )
    go = sources.goemotions_texts(tmp_path)
    assert [t.text for t in go] == ["he train", "he dev", "he test"]
    assert go[0].labels == {"anger": True, "joy": False}
    neutral, german = sources.xed_texts(tmp_path)
    assert not any(neutral.labels.values())
    assert [e for e, given in german.labels.items() if given] == ["anger", "disgust"]
    (brighter,) = sources.brighter_texts(tmp_path)
    assert (brighter.language, brighter.labels) == ("de", {"anger": True, "joy": False})
    tweets = sources.as_dialogues(sources.airline_texts(tmp_path), "negative")
    assert (tweets[0].turns[0].text, tweets[0].labels) == ("lost my bag", (True,))
    told = sources.dissatisfaction_texts(tmp_path)
    assert [t.labels["negative"] for t in told] == [True, False]


def test_a_folder_without_a_set_gives_none_of_it(tmp_path: Path) -> None:
    assert sources.goemotions_texts(tmp_path) == []
    assert sources.satisfaction_dialogues(tmp_path) == []
    assert sources.dissatisfaction_texts(tmp_path) == []
