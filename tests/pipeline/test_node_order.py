"""What was begun is brought to its end first."""

from pipeline.node_order import WaitingNodes

STUDY = {
    "cases": (),
    "fine-tune-a": ("cases",),
    "fine-tune-b": ("cases",),
    "pretrain": ("cases",),
    "pretrain-further": ("pretrain",),
    "evaluate-a": ("fine-tune-a",),
    "evaluate-b": ("fine-tune-b",),
    "fine-tune-c": ("pretrain-further",),
    "evaluate-c": ("fine-tune-c",),
}


def one_after_another(upstream) -> list[str]:
    waiting, done = WaitingNodes(upstream), []
    while (name := waiting.take(done)) is not None:
        done.append(name)
    return done


def test_an_arm_is_finished_before_the_next_one_begins():
    order = one_after_another(STUDY)
    assert sorted(order) == sorted(STUDY)
    for arm in "abc":
        assert order.index(f"evaluate-{arm}") == order.index(f"fine-tune-{arm}") + 1


def test_the_longest_chain_begins_first_and_goes_on_to_its_end():
    chain = ["cases", "pretrain", "pretrain-further", "fine-tune-c", "evaluate-c"]
    assert one_after_another(STUDY)[:5] == chain


def test_a_node_waits_for_all_that_it_needs():
    waiting = WaitingNodes({"a": (), "b": (), "both": ("a", "b")})
    assert [waiting.take(()), waiting.take(()), waiting.take({"a"})] == ["a", "b", None]
    assert waiting.take({"a", "b"}) == "both"
    assert waiting.take({"a", "b", "both"}) is None
