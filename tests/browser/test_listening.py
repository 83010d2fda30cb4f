"""H-TPR as listeners meet it: a real page in a real browser, a real server, a real Postgres."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.listener import Listener
from tests.listening_house import House, furnished, made
from tests.patience import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shared_database: Any) -> Iterator[House]:
    """One session for all: listeners do not get in each other's way."""
    house = furnished(tmp_path_factory.mktemp("house"), shared_database)
    made(house)
    with house.open():
        yield house


def test_a_whole_session_by_mouse(house: House, browser: "Browser") -> None:
    listener, worth = Listener.comes(browser, house), house.worth()
    listener.joins("Anna")
    for number in range(1, 5):
        assert listener.count == f"{number} of 4"
        listener.hears_all()
        listener.orders_by_mouse(sorted(listener.order, key=worth, reverse=True))
        listener.goes_on(by_mouse=True)
    listener.page.get_by_text("That was all").wait_for()
    answers = house.answers("Anna")
    assert len(answers) == 4
    tiers = {row["id"]: row["tier"] for row in house.rows("SELECT id, tier::text FROM htpr_takes")}
    for answer in answers:
        assert [tiers[answer[f"{place}_id"]] for place in ("first", "second", "third")] == ["high", "medium", "low"]


def test_a_whole_session_by_keys_alone_with_a_reload_in_the_middle(house: House, browser: "Browser") -> None:
    listener, worth = Listener.comes(browser, house), house.worth()
    listener.joins("Bo")
    listener.hears_all()
    wanted = sorted(listener.order, key=worth)
    listener.orders_by_keys(wanted)
    listener.page.reload()
    listener.page.locator(".take").first.wait_for()
    assert listener.count == "1 of 4"
    assert listener.order == wanted
    until(lambda: listener.page.locator(".heard", has_text="✓").count() == 3, "what was heard is still heard")
    for _ in range(4):
        listener.hears_all()
        listener.goes_on()
    listener.page.get_by_text("That was all").wait_for()
    first = house.answers("Bo")[0]
    assert [str(first["first_id"]), str(first["third_id"])] == [wanted[0], wanted[2]]


def test_each_take_has_to_be_heard_before_it_goes_on(house: House, browser: "Browser") -> None:
    listener = Listener.comes(browser, house)
    listener.joins("Chen")
    following = listener.page.get_by_role("button", name="Next")
    assert following.is_disabled()
    listener.page.keyboard.press("Enter")
    listener.page.keyboard.press("1")
    listener.page.get_by_text("Still to be heard: B, C").wait_for()
    assert following.is_disabled()
    assert listener.count == "1 of 4"
    assert house.answers("Chen") == []


def test_two_listen_at_once_each_in_an_order_of_their_own(house: House, browser: "Browser") -> None:
    both = [Listener.comes(browser, house) for _ in range(2)]
    for listener, name in zip(both, ("Dora", "Emil"), strict=True):
        listener.joins(name)
    for _ in range(4):
        for listener in both:
            listener.hears_all()
            listener.goes_on()
    for listener in both:
        listener.page.get_by_text("That was all").wait_for()
    shown = ("triple_id", "first_id", "second_id", "third_id")  # as they stood, for nobody moved any
    heard = {name: [[row[one] for one in shown] for row in house.answers(name)] for name in ("Dora", "Emil")}
    assert heard["Dora"] != heard["Emil"]
    assert sorted(one[0] for one in heard["Dora"]) == sorted(one[0] for one in heard["Emil"])


def test_a_name_that_somebody_has_is_not_given_again(house: House, browser: "Browser") -> None:
    Listener.comes(browser, house).joins("Fay")
    other = Listener.comes(browser, house)
    other.page.get_by_label("A name for you").fill("Fay")
    other.page.get_by_role("button", name="Begin").click()
    other.page.get_by_text("Somebody is 'Fay' here already").wait_for()


def test_a_link_goes_on_in_another_browser_where_it_was(house: House, browser: "Browser") -> None:
    link = house.said("invite", "june", "Gil", "--at", house.url)[0]["link"]
    at_home = Listener.comes(browser, house, to=link)
    at_home.hears_all()
    at_home.goes_on()
    assert at_home.page.url == f"{house.url}/"  # a link is no thing to leave in a history
    elsewhere = Listener.comes(browser, house, to=link)
    elsewhere.page.locator(".take").first.wait_for()
    assert elsewhere.count == "2 of 4"
    wrong = Listener.comes(browser, house, to=f"{house.url}/#nobodys")
    wrong.page.get_by_text("none of this session's").wait_for()


def test_a_server_that_is_away_for_a_while_loses_nothing_and_a_closed_session_takes_no_more(
    tmp_path: Path, database: Any, browser: "Browser"
) -> None:
    house = furnished(tmp_path, database)
    made(house, triples=2, attention=0)
    with house.open():
        listener = Listener.comes(browser, house)
        listener.joins("Hans")
        listener.hears_all()
    listener.page.keyboard.press("Enter")
    listener.page.get_by_text("No answer from the server").wait_for()
    with house.open():
        listener.page.get_by_text("2 of 2").wait_for()
        listener.hears_all()
        house.said("close", "june")
        listener.page.keyboard.press("Enter")
        listener.page.get_by_text("This session is closed.").wait_for()
    assert len(house.answers("Hans")) == 1


def test_the_page_speaks_chinese_to_who_does(house: House, browser: "Browser") -> None:
    listener = Listener.comes(browser, house, locale="zh-CN")
    listener.page.get_by_text("给演唱排序").wait_for()
    listener.page.get_by_role("button", name="English").click()
    listener.page.get_by_text("Put singing in order").wait_for()


def test_a_phone_shows_all_of_it_without_scrolling_sideways(house: House, browser: "Browser") -> None:
    for scheme in ("light", "dark"):
        phone = {
            "viewport": {"width": 360, "height": 740},
            "has_touch": True,
            "is_mobile": True,
            "color_scheme": scheme,
        }
        listener = Listener.comes(browser, house, **phone)
        listener.joins(f"Jo {scheme}")
        wide = listener.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360
        first = listener.order
        listener.page.locator(".take").first.get_by_role("button", name="down").tap()
        assert listener.order == [first[1], first[0], first[2]]


def test_the_page_asks_nobody_else_and_breaks_no_rule_of_its_own(house: House, browser: "Browser") -> None:
    listener = Listener.comes(browser, house)
    asked: list[str] = []
    complaints: list[str] = []
    listener.page.on("request", lambda request: asked.append(request.url))
    listener.page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    listener.page.on("pageerror", lambda error: complaints.append(str(error)))
    listener.page.reload()
    listener.joins("Kim")
    listener.hears_all()
    listener.orders_by_mouse(sorted(listener.order))
    listener.goes_on()
    assert asked
    assert {url for url in asked if not url.startswith(house.url)} <= {"data:,"}
    assert complaints == []
