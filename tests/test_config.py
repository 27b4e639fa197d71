"""config.toml: each wrong key is named with what would be right; what is right becomes typed settings."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import ADAPTERS
from intake.config import Settings, load
from intake.errors import ConfigurationError
from tests.support.consultation import CONFIG, ROOT

MODELS = {name: kind.settings for name, kind in ADAPTERS.items()}
TEXT = CONFIG.replace('"DATABASE"', '""')


def configured(folder: Path, text: str) -> Settings:
    (folder / "config.toml").write_text(text)
    return load(folder / "config.toml", MODELS)


def refusal(folder: Path, text: str) -> str:
    """The sentence about a config that is wrong."""
    with pytest.raises(ConfigurationError) as refused:
        configured(folder, text)
    assert refused.value.exit_code == 2
    assert refused.value.advice
    return str(refused.value)


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def without(section: str, key: str) -> str:
    """The config without a key of a section."""
    kept, current = [], ""
    for line in TEXT.split("\n"):
        current = line.strip("[]") if line.startswith("[") else current
        if current != section or not line.startswith(f"{key} = "):
            kept.append(line)
    return "\n".join(kept)


def added(section: str, line: str) -> str:
    return changed(f"[{section}]\n", f"[{section}]\n{line}\n")


def closing(value: str, zone: str = "Europe/London", opens: str = "2001-01-01") -> str:
    text = changed("closes = 2011-04-18", f"closes = {value}").replace("opens = 2011-01-24", f"opens = {opens}")
    return text.replace("Europe/London", zone)


# --- what is right ----------------------------------------------------------------------------------------------------


def test_the_sample_s_config_is_right() -> None:
    """The config file that comes with the program loads, with four channels and its own schedule for each."""
    loaded = load(ROOT / "config.toml", MODELS)
    assert {name: channel.every for name, channel in loaded.channels.items()} == {
        "email": timedelta(minutes=5), "letters": timedelta(minutes=15), "phone": timedelta(hours=1),
        "survey": timedelta(hours=1),
    }  # fmt: skip
    assert loaded.consultation.exported_questions == ["structure", "agree", "services", "improve"]


def test_what_is_left_out_has_its_contract_s_default(tmp_path: Path) -> None:
    """With nothing but what is required, the defaults are the contract's, and the safe ones."""
    text = (
        '[consultation]\nid = "c"\ntitle = "T"\nopens = 2011-01-24\ncloses = 2011-04-18\ntimezone = "Europe/London"\n'
        'reference_prefix = "C"\n[channels.post]\nadapter = "letters"\nfolder = "scans"\n'
    )
    loaded = configured(tmp_path, text)
    assert (loaded.storage.home, loaded.storage.database, loaded.reading.sandbox) == (tmp_path / "var", "", "require")
    channel = loaded.channels["post"]
    assert (channel.every, channel.source.model_dump()["settle_seconds"]) == (timedelta(minutes=5), 5)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command is run, a relative path means one beside the config file, also through a link to it."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "config.toml").write_text(changed('home = "var"', 'home = "kept/here"'))
    (tmp_path / "link.toml").symlink_to(tmp_path / "there" / "config.toml")
    monkeypatch.chdir(tmp_path)
    for path in (Path("there/config.toml"), tmp_path / "there" / "config.toml", Path("link.toml")):
        loaded = load(path, MODELS)
        assert loaded.storage.home == tmp_path / "there" / "kept" / "here"
        assert loaded.consultation.places == tmp_path / "there" / "places.csv"
        assert loaded.channels["letters"].source.model_dump()["folder"] == tmp_path / "there" / "letters"
    absolute = configured(tmp_path, changed('home = "var"', 'home = "/srv/intake"'))
    assert absolute.storage.home == Path("/srv/intake")


def test_settings_can_not_be_changed_afterwards(tmp_path: Path) -> None:
    """What was read is what holds, for the whole run."""
    loaded = configured(tmp_path, TEXT)
    for holder, name in ((loaded.consultation, "title"), (loaded.storage, "home"), (loaded.channels["email"], "every")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(holder, name, "other")


@pytest.mark.parametrize(
    ("written", "every"),
    [
        ("1s", timedelta(seconds=1)),
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
    ],
)
def test_an_interval_has_a_unit(tmp_path: Path, written: str, every: timedelta) -> None:
    """Seconds, minutes, hours and days."""
    assert configured(tmp_path, added("channels.email", f'every = "{written}"')).channels["email"].every == every


def test_both_ways_to_write_an_answer_s_column_mean_the_same(tmp_path: Path) -> None:
    """``columns.answer.x`` and ``columns."answer.x"`` map the same question, to one header or to several."""
    for written in ('columns.answer.structure = "H"', 'columns."answer.structure" = ["H"]'):
        mapping = configured(tmp_path, added("channels.survey", written)).channels["survey"].mapping
        assert mapping.columns == {"answer.structure": ("H",)}
        assert mapping.headers == ["ID", "When", "H"]


def test_each_header_is_wanted_once(tmp_path: Path) -> None:
    """A header that stands for several things is one header of the table."""
    text = added("channels.survey", 'columns.name = "ID"\ncolumns.address = ["A", "B", "A", ""]')
    assert configured(tmp_path, text).channels["survey"].mapping.headers == ["ID", "When", "A", "B"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """A config file that Windows' Notepad has saved is as good as any."""
    assert configured(tmp_path, "\ufeff" + TEXT).consultation.id == "test"


# --- the closing instant ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closes", "zone", "utc"),
    [
        ("2011-04-18", "Europe/London", "2011-04-18T23:00:00"), ("2011-01-31", "Europe/London", "2011-02-01T00:00:00"),
        ("2011-03-26", "Europe/London", "2011-03-27T00:00:00"), ("2011-03-27", "Europe/London", "2011-03-27T23:00:00"),
        ("2011-10-29", "Europe/London", "2011-10-29T23:00:00"), ("2011-10-30", "Europe/London", "2011-10-31T00:00:00"),
        ("2011-10-15", "America/Sao_Paulo", "2011-10-16T03:00:00"),  # that midnight never was
        ("2011-11-12", "America/Havana", "2011-11-13T04:00:00"),  # that midnight was twice
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00"),  # the next day was left out
        ("2011-04-18T12:00:00+01:00", "Europe/London", "2011-04-18T11:00:00"),
        ("2011-04-18T00:00:00Z", "Europe/London", "2011-04-18T00:00:00"),
        ("2011-04-19T00:00:00+01:00", "UTC", "2011-04-18T23:00:00"),
    ],
)  # fmt: skip
def test_a_day_is_closed_by_its_local_midnight(tmp_path: Path, closes: str, zone: str, utc: str) -> None:
    """A closing date means to the end of that day in the consultation's zone, also where the clocks change at midnight;
    an instant means that instant."""
    consultation = configured(tmp_path, closing(closes, zone)).consultation
    assert consultation.closes_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert consultation.closes_at.utcoffset() == timedelta(0)


@settings(deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2098, 1, 1)),
    st.sampled_from(
        ["Europe/London", "America/New_York", "America/Sao_Paulo", "America/Havana", "Asia/Kathmandu", "Asia/Beirut"]
    ),
)
def test_the_last_moment_of_the_closing_day_is_in_time(day: date, zone: str) -> None:
    """Whatever the day and the zone, the moment before the closing instant is of that day, the instant is after it."""
    raw = {
        "id": "c", "title": "T", "opens": date(1980, 1, 1), "closes": day, "timezone": zone, "reference_prefix": "C",
    }  # fmt: skip
    consultation = Settings.model_fields["consultation"].annotation.model_validate(raw)  # type: ignore[union-attr]
    closes_at, local = consultation.closes_at, ZoneInfo(zone)
    assert (closes_at - timedelta(microseconds=1)).astimezone(local).date() <= day < closes_at.astimezone(local).date()
    assert consultation.closing_day == day


def test_one_day_is_long_enough(tmp_path: Path) -> None:
    """A consultation may open and close on one day."""
    consultation = configured(tmp_path, closing("2011-04-18", opens="2011-04-18")).consultation
    assert consultation.closes_at - consultation.opens_at == timedelta(hours=24)


# --- what is wrong ----------------------------------------------------------------------------------------------------

DATES = ('"2011-04-18"', "5", "10:00:00", "2011-04-18T10:00:00", "[2011-04-18]", "true")
INTERVALS = ("5", '"5"', '"m"', '"5x"', '"0s"', '"-5m"', '"5 m"', '"5.5m"', '"²m"', '"1000000000d"', '["5m"]', '""')
ZONES = (
    '"Europe/Norwich"', '"Europe"', '""', '"../../etc/passwd"', '"/etc/localtime"', "5", '"a\\u0000b"',
    f'"{"x" * 300}"',
)  # fmt: skip
NOT_FOR_TABLES = (
    "postcod", "reference", "consultation", "channel", "answers", "answer", "answer.nothing", "status",
    "exclusion_reason",
    "duplicate_of", "needs", "original_sha256", "run", "version", "reviewed_by", "late", "received_basis", "source",
    "ip_address",
)  # fmt: skip
WRONG: dict[str, list[tuple[str, str, str | None]]] = {
    "consultation": [
        *(("id", value, "") for value in ("5", '"a/b"', '""', '"-a"')),
        *(("reference_prefix", value, "") for value in ('"ncc"', '"A-B"', '"ABCDEFGHIJK"', '""', "1")),
        *((key, value, "should be a date") for key in ("opens", "closes") for value in DATES),
        *(("timezone", value, "should be the name of a time zone") for value in ZONES),
        ("title", "5", ""), ("title", '["a"]', ""), ("roles", '"parent"', "should be a list"), ("roles", "[1]", None),
        ("own_contacts", '"a@b"', "should be a list"), ("own_contacts", "[true]", None), ("places", "5", ""),
        ("required", '["postcod"]', ""), ("required", '"postcode"', "should be a list"),
        ("closess", "2011-04-18", "is no key of this section"), ("closes", "2011-01-23", "should be after opens"),
        ("closes", "9999-12-31", "should be"),
    ],
    "storage": [
        ("home", "5", ""), ("home", '["x"]', ""), ("database", '"mysql://x"', ""), ("database", '"postgresql://x"', ""),
        ("database", "5", ""), ("database", '"postgresql+psycopg://host:port/name"', ""), ("hom", "5", "is no key"),
        ("home", '""', "should be a path"), ("home", '"a\\u0000b"', "should be a path"),
    ],
    "reading": [
        ("sandbox", '"none"', "should be"), ("sandbox", "true", "should be"), ("processes", "0", ""),
        ("processes", "1.5", ""),
        ("processes", '"two"', "should be a whole number"), ("memory_mb", "1", ""), ("seconds_per_item", "0", ""),
        ("speed", "1", "is no key"),
    ],
    "channels.email": [
        ("forwarders", '"@x"', "should be a list"), ("forwarders", '[""]', None),
        ("forwarders", '["norfolk.gov.uk"]', None), ("after", '"Taken in"', 'should be "move:" and a name'),
        ("after", "5", 'should be "move:" and a name'), ("after", '"move:../x"', 'should be "move:" and a subfolder'),
        ("auth", '"oauth"', "should be 'password' or 'oauth2'"), ("auth", '"oauth2"', "should stand beside host only"),
        ("tenant", '"common"', "should be the directory's number"), ("authority", '"x.example"', "should be http"),
        ("scanners", '"@x"', "should be a list"), ("voicemail", '["x"]', None),
    ],
    "channels.letters": [("after", '"Taken in"', 'should be "move:"'), ("after", '"move:/x"', 'should be "move:"')],
    "channels.phone": [
        ("id_columns", '"a"', "should be a list"), ("id_columns", "[5]", None), ("id_columns", '[""]', None),
        ("log", "[]", ""), ("log", '""', "should be a path"), ("log", '"a\\u0000b"', "should be a path"),
    ],
    "channels.survey": [
        *(("every", value, "should be a number and a unit") for value in INTERVALS),
        ("adapter", '"fax"', "should be one of email, letters, phone, survey"),
        ("adapter", '["survey"]', "should be one of"),
        ("exports", "5", ""), ("export", '"x"', "is no key"), ("name", '"x"', "is no key"),
        ("source", '"x"', "is no key"),
        ("mapping", '"x"', "is no key"), ("settle_seconds", "-1", ""), ("id_column", "5", ""),
        ("id_column", '""', "should be a header"),
        ("submitted_column", "5", ""),
        ("id_columns", '["a"]', "should not stand beside id_column"), ("columns", '"x"', "should be"),
        ("columns", "5", "should be"),
        ("ranked", '["nothing"]', "'nothing' should be the id of a question"),
        ("ranked", '"structure"', "should be a list"),
        ("matrix", '["nothing"]', "'nothing' should be the id of a question"), ("matrix", "[5]", None),
        ("date_order", '"year"', "should be 'day' or 'month'"), ("answer_separator", '""', "should not be blank"),
        *(("timezone", value, "should be the name of a time zone") for value in ZONES),
        ("partial", '"No"', "should be a section"), ("test", '["x"]', "should be a section"), ("header_rows", "4", ""),
        *((f"columns.{name}", '"H"', "should be a column") for name in NOT_FOR_TABLES),
        *(("columns.postcode", value, None) for value in ("5", "[5]", "true", '["a", 5]')),
    ],
}  # fmt: skip
"""For each section: a key, the value that it should not have, and how the sentence goes on after the key (None: the
key may be named to the item of its list)."""
CASES = [(section, *case) for section, cases in WRONG.items() for case in cases]


@pytest.mark.parametrize(("section", "key", "value", "said"), CASES, ids=lambda part: str(part)[:30])
def test_a_wrong_key_is_named(tmp_path: Path, section: str, key: str, value: str, said: str | None) -> None:
    """Each key of the config, wrong in each way: one sentence that begins with the key and says what would be right."""
    text = without(section, key).replace(f"[{section}]\n", f"[{section}]\n{key} = {value}\n", 1)
    sentence = refusal(tmp_path, text)
    assert sentence.startswith(f"{section}.{key}" if said is None else f"{section}.{key}: {said}")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for foreign in ("valid tuple", "pattern '", "<class", "instance of", "base 10", "Input", "Error"):
        assert foreign not in sentence


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ('id = "x"\ntext = "t"\nkind = "free"', ".kind: should be 'text', 'choice' or 'choices'"),
        ('id = "x"\ntext = "t"\nkind = "choice"', ".options: "),
        ('id = "x"\ntext = "t"\nkind = "choices"\noptions = []', ".options: "),
        ('id = "x y"\ntext = "t"\nkind = "text"', ".id: "), ('id = ""\ntext = "t"\nkind = "text"', ".id: "),
        ('text = "t"\nkind = "text"', ".id: is required"),
        ('id = "x"\nkind = "text"', ".text: is required"), ('id = "x"\ntext = "t"', ".kind: is required"),
        ('id = "x"\ntext = "t"\nkind = "text"\nmonitoring = "maybe"', ".monitoring: should be true or false"),
        ('id = "x"\ntext = "t"\nkind = "text"\noption = []', ".option: is no key"),
        ('id = "agree"\ntext = "t"\nkind = "text"', ": each question should have an id"),
        ('id = "x"\ntext = "t"\nkind = "choice"\noptions = "a"', ".options: should be a list"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_named(tmp_path: Path, question: str, said: str) -> None:
    """A question that is wrong is named by its number and the key in it."""
    text = changed("[storage]\n", f"[[consultation.questions]]\n{question}\n\n[storage]\n")
    assert refusal(tmp_path, text).startswith(f"consultation.questions{'' if said[0] == ':' else '.3'}{said}")


@pytest.mark.parametrize("key", ["id", "title", "opens", "closes", "timezone", "reference_prefix"])
def test_a_required_key_is_missed(tmp_path: Path, key: str) -> None:
    """What a consultation can't be without is named when it is not there."""
    assert refusal(tmp_path, without("consultation", key)) == f"consultation.{key}: is required."


@pytest.mark.parametrize(
    ("adapter", "said"),
    [("email", "channels.x.folder: "), ("letters", "channels.x.folder: "), ("phone", "channels.x.log: "),
    ("survey", "channels.x.exports: ")],
)  # fmt: skip
def test_a_channel_needs_its_source(tmp_path: Path, adapter: str, said: str) -> None:
    """Each adapter's source is named when it is not there, and a channel without an adapter too."""
    head = TEXT[: TEXT.index("[channels.email]")]
    assert refusal(tmp_path, f'{head}[channels.x]\nadapter = "{adapter}"\n').startswith(said)
    assert refusal(tmp_path, f"{head}[channels.x]\n").startswith("channels.x.adapter: should be one of")


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        ("", "channels: at least one"), ("[channels]\n", "channels: at least one"),
        ("[[channels]]\na = 1\n", "channels: should be"),
        ('[channels]\nx = "a"\n', "channels.x: should be a section"),
        ("[channel.email]\na = 1\n", "channel: is no section"),
    ],
)  # fmt: skip
def test_channels_are_sections(tmp_path: Path, tail: str, said: str) -> None:
    """No channels, a list of them, or something else in their place is said as that."""
    assert refusal(tmp_path, TEXT[: TEXT.index("[channels.email]")] + tail).startswith(said)


@pytest.mark.parametrize("section", ["consultation", "storage", "reading", "channels"])
@pytest.mark.parametrize("value", ['"x"', "5", "[]", "[1]", "true", "2011-01-01"])
def test_a_section_is_a_section(tmp_path: Path, section: str, value: str) -> None:
    """A value where a section should be is named, whichever section and whatever value it is."""
    others = {
        "consultation": TEXT[: TEXT.index("\n[[")] + "\n",
        "channels": '[channels.x]\nadapter = "letters"\nfolder = "x"\n',
    }  # fmt: skip
    text = f"{section} = {value}\n" + "".join(lines for name, lines in others.items() if name != section)
    assert refusal(tmp_path, text).startswith(f"{section}: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"consultation = \n", "is not valid TOML"), (b"\xff\xfe", "is not valid TOML"),
        (b"a = 1\na = 2\n", "is not valid TOML"),
        (b"", "is required"), (b"[unknown]\n", "unknown: is no section"), (TEXT.encode("utf-16"), "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """A file that is no TOML, or an empty one, is refused with one sentence."""
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path / "config.toml", MODELS)


@pytest.mark.parametrize("name", ["nowhere.toml", ".", "nowhere/config.toml"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    """A missing config file is said with its path."""
    with pytest.raises(ConfigurationError, match=str(tmp_path)):
        load(tmp_path / name, MODELS)


values = st.recursive(
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=10),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([line for line in TEXT.split("\n") if " = " in line]), values)
def test_any_value_of_any_key_is_right_or_named(
    tmp_path_factory: pytest.TempPathFactory, line: str, value: Any
) -> None:
    """Whatever is written in the place of a value, the config loads, or a sentence names the key."""
    key = line.partition(" = ")[0]
    text = TEXT.replace(f"\n{line}\n", f"\n{key} = {json.dumps(value, ensure_ascii=False)}\n", 1)
    path = tmp_path_factory.getbasetemp() / "any-value.toml"
    path.write_text(text)
    said = ""
    try:
        load(path, MODELS)
    except ConfigurationError as refused:
        said = str(refused)
    assert not said or key.partition(".")[0] in said or "each question" in said
