"""Pages that decode by themselves, and what they do when they cannot."""

import pytest
from playwright.sync_api import expect

from tests.browser.live_page import LivePage, is_live_frame
from vae.checkpoints import read_card

pytest_plugins = ["tests.browser.serving"]

WASM = "ort-wasm-simd-threaded.wasm"
LOADING_MS = 20_000


@pytest.fixture
def open_live(engine_server, open_page):
    def open_one(query="?model=alpha", **settings):
        return LivePage(open_page(engine_server.address + query, **settings))

    return open_one


def expect_engine(live, name):
    expect(live.canvas).to_have_attribute("data-engine", name, timeout=LOADING_MS)


@pytest.mark.parametrize("name", ["alpha", "colour"])
def test_the_page_decodes_by_itself_and_as_torch_does(open_live, small_shelf, name):
    live = open_live(f"?model={name}")
    sent = []
    expect_engine(live, "browser")
    live.ready()
    expect(live.page.locator(".speed")).to_contain_text("in your browser")
    listen_to_sockets(live.page, sent)
    live.assert_follows_a_drag(read_card(small_shelf / name))
    assert sent == []


def listen_to_sockets(page, sent):
    """Collect what the live socket sends from now on; the page was opened before."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.on(
        "Network.webSocketFrameSent",
        lambda event: sent.append(event) if is_live_frame(event) else None,
    )


def test_a_reload_loads_nothing_again(open_live):
    live = open_live()
    expect_engine(live, "browser")
    client = live.page.context.new_cdp_session(live.page)
    client.send("Network.enable")
    loaded, kept = {}, set()

    def note(event):
        loaded[event["response"]["url"]] = event["requestId"]
        if event["response"]["fromDiskCache"]:
            kept.add(event["requestId"])

    client.on("Network.responseReceived", note)
    client.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    live.page.reload()
    expect_engine(live, "browser")
    ours = [url for url in loaded if url.endswith((".wasm", ".onnx", ".mjs"))]
    assert len(ours) == 3
    assert [url for url in ours if loaded[url] not in kept] == []


def test_another_model_is_taken_up_by_the_same_engine(open_live, small_shelf):
    live = open_live()
    expect_engine(live, "browser")
    live.page.locator("label.tile", has_text="colour").click()
    expect(live.canvas).to_have_attribute("width", "10")
    expect_engine(live, "browser")
    live.settle()
    live.assert_follows_a_drag(read_card(small_shelf / "colour"))


def test_the_visitor_chooses_and_the_choice_stays(open_live):
    live = open_live()
    expect_engine(live, "browser")
    choice = live.page.get_by_label("Where pictures are decoded")
    choice.select_option("server")
    expect_engine(live, "server")
    live.drag(0)
    live.page.reload()
    live.ready()
    expect_engine(live, "server")
    expect(choice).to_have_value("server")
    choice.select_option("automatic")
    expect_engine(live, "browser")


@pytest.mark.parametrize(
    "blocked", [WASM, "ort.wasm.bundle", "decoder.onnx", "api/engine/[0-9.]+$"]
)
def test_what_is_missing_is_said_and_the_server_goes_on(open_live, small_shelf, blocked):
    live = open_live(blocked=blocked)
    expect(live.page.locator(".notice")).to_have_text(
        "the browser engine could not start", timeout=LOADING_MS
    )
    live.ready()
    expect_engine(live, "server")
    live.assert_follows_a_drag(read_card(small_shelf / "alpha"))


def test_without_its_files_and_a_network_everything_goes_through_the_server(
    start, open_page, small_shelf, tmp_path
):
    closed = "http://127.0.0.1:9"  # nobody listens there
    server = start(
        environment={
            "LATENT_BROWSER_ENGINE": "on",
            "LATENT_CACHE_DIR": str(tmp_path),
            "npm_config_registry": closed,
            "npm_config_fetch_retries": "0",
        }
    )
    live = LivePage(open_page(server.address + "?model=alpha"))
    live.ready()
    expect_engine(live, "server")
    expect(live.page.locator(".notice")).to_have_text(
        "the browser engine could not be fetched", timeout=LOADING_MS
    )
    live.assert_follows_a_drag(read_card(small_shelf / "alpha"))
    assert list(tmp_path.iterdir()) == []


def test_two_pages_do_not_disturb_each_other(open_live, small_shelf):
    first, second = open_live("?model=alpha"), open_live("?model=colour")
    for live in (first, second):
        expect_engine(live, "browser")
        live.ready()
    first.assert_follows_a_drag(read_card(small_shelf / "alpha"))
    second.assert_follows_a_drag(read_card(small_shelf / "colour"), dim=1)
