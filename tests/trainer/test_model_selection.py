from trainer.model_selection import is_better


def test_a_lower_loss_and_a_higher_auc_are_better_and_the_first_always_is():
    assert is_better("loss", 0.4, 0.5) and not is_better("loss", 0.5, 0.5)
    assert is_better("auc", 0.6, 0.5) and not is_better("auc", 0.5, 0.5)
    assert is_better("loss", 9.0, None) and is_better("auc", 0.0, None)
