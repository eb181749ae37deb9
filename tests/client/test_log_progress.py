"""How far the work has come, in the lines that the common frameworks print."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from naru_client.logs.progress import Progress, checkpoint_of, latest, progress_of

MEGATRON = (
    " [2026-11-24 09:00:01] iteration      100/  500000 | consumed samples:        51200 | elapsed time per iteration "
    "(ms): 12345.6 | throughput per GPU (TFLOP/s/GPU): 412.3 | learning rate: 1.500000E-05 | global batch size:   512 "
    "| lm loss: 9.123456E+00 | loss scale: 1.0 | grad norm: 0.734 | number of skipped iterations:   0 | "
    "number of nan iterations:   0 |"
)
TITAN = (
    "[rank0]:[titan] 2026-11-24 09:00:01,123 - root - INFO - step:   120  loss:  4.50000  grad_norm:  0.7000  memory: "
    "70.10GiB(88.60%)  tps: 1,234  tflops: 412.20  mfu: 38.20%"
)
P = Progress


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (" 37%|███▋ | 371/1000 [01:07<01:53, 5.55it/s, loss=1.2]",
         P(371, 1000, percent=37, rate="5.55it/s", eta=113, loss=1.2)),
        ("Training: 100%|██████████| 10/10 [1:01:07<00:00,  2.51s/it]",
         P(10, 10, percent=100, rate="2.51s/it", eta=0, what="Training")),
        ("  0%|          | 0/3000 [00:00<?, ?it/s]", P(0, 3000, percent=0)),
        ("model-00003-of-00030.safetensors:  40%|████      | 1.52G/4.98G [00:20<00:45, 76.1MB/s]",
         P(1_520_000_000, 4_980_000_000, percent=40, rate="76.1MB/s", eta=45, what="model-00003-of-00030.safetensors")),
        ("  1%| | 5/500 [10:00<2 days, 1:00:00, 120s/it]", P(5, 500, percent=1, rate="120s/it", eta=176_400)),
        ("100it [00:10, 9.9it/s]", P(100, rate="9.9it/s")),
        ("{'loss': 1.23, 'grad_norm': 0.4, 'learning_rate': 2e-05, 'epoch': 0.52}", P(loss=1.23, epoch=0.52)),
        ("{'train_runtime': 12.1, 'train_loss': 0.9, 'epoch': 3.0}", P(loss=0.9, epoch=3)),
        ('{"step": 120, "loss": 2.5, "tokens_per_second": 1234.5}', P(120, loss=2.5, tokens_per_second=1234.5)),
        (MEGATRON, P(100, 500_000, percent=0.02, loss=9.123456)),
        (" iteration      100/  500000 | lm loss: 2.1E+00 | loss scale: 1.0 |",
         P(100, 500_000, percent=0.02, loss=2.1)),
        (TITAN, P(120, loss=4.5, tokens_per_second=1234)),
        ("Epoch 3:  45%|████▌     | 45/100 [00:10<00:12,  4.40it/s, v_num=0, val_loss=0.3, train_loss=1.2]",
         P(45, 100, epoch=3, percent=45, rate="4.40it/s", eta=12, loss=1.2, in_epoch=True, what="Epoch 3")),
        ("[2026-11-24 09:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[1e-05]", P(10)),
        ("steps: 10 loss: 2.3412 iter time (s): 1.234 samples/sec: 12.3", P(10, loss=2.3412)),
        ("Epoch 1/10", P(epoch=1, epochs=10)),
        (" 32/100 [========>.....................] - ETA: 12s - loss: 0.5 - accuracy: 0.8",
         P(32, 100, percent=32, eta=12, loss=0.5, in_epoch=True)),
        ("iter 100: loss 2.3456, time 12.30ms, mfu 38.2%", P(100, loss=2.3456)),
        ("Epoch: [3][ 120/5005]\tTime  0.3 ( 0.3)\tData 0.01 (0.0)\tLoss 1.2e+00 (1.3e+00)\tAcc@1 45.0 (44)",
         P(120, 5005, epoch=3, percent=100 * 120 / 5005, loss=1.2, in_epoch=True)),
        ("Train Epoch: 1 [6400/60000 (11%)]\tLoss: 0.345",
         P(6400, 60_000, epoch=1, percent=100 * 6400 / 60_000, loss=0.345, in_epoch=True)),
        ("[11/01 19:18:23 d2.utils.events]: eta: 4:58:26  iter: 659  total_loss: 1.619  loss_cls: 1.110",
         P(659, loss=1.619)),
        ("Time = 12.5", P(sim_time=12.5)), ("Time = 0.00125s", P(sim_time=0.00125)),
        ("step 1000, remaining wall clock time:   320 s          ", P(1000)),
        ("           5000       10.00000", P(5000, sim_time=10)),
        ("Training step 10/100", P(10, 100, percent=10)), ("Step 3 of 12", P(3, 12, percent=25)),
        ("[09:00:00] shard 00012/00096: 40,000 docs", P(12, 96, percent=12.5)),
        ("INFO 11-24 09:00:06 [loggers.py:127] Engine 000: Avg prompt throughput: 110.0 tokens/s, Avg generation "
         "throughput: 42.3 tokens/s, Running: 1 reqs", P(tokens_per_second=42.3)),
        ("17:45:22 step 8602 loss=0.1000 tok/s=18000 ckpt=86", P(8602, loss=0.1, tokens_per_second=18000)),
        ("[2026-11-24 09:00:00] INFO  bench batch=  4 in=1024 out=256:     130.2 tok/s, TTFT 1 ms",
         P(tokens_per_second=130.2)),
    ],
)  # fmt: skip
def test_what_the_frameworks_print(line: str, told: Progress) -> None:
    assert progress_of(line) == told


def test_a_loss_that_is_not_a_number_is_told_as_that() -> None:
    for line in ("{'loss': nan, 'epoch': 1.0}", "step: 3  loss:      nan  tps: 3", "iter 100: loss nan, time 1ms"):
        told = progress_of(line)
        assert told is not None
        assert told.loss is not None
        assert math.isnan(told.loss)


@pytest.mark.parametrize(
    "line",
    [
        "", "hello", "{'eval_loss': 1.1, 'eval_runtime': 3.0, 'epoch': 0.5}",
        "step_size = 3", "1 step 2 go", "stepping: 3 times",
        " validation loss at iteration 500 | lm loss value: 2.1E+00 | 평가 완료 |",
        "saved checkpoint /x/step_100 in 3 s", "Step     Temp          E_pair", "first steps", "iterate over 3",
        "epochal 3", "1/2 of the data", "timestep: 3",
        "  train_iters ................................. 500000", "Disk 40% full | 3/4", "loss 3 of 4 packets",
        "number of nan iterations:   0", "Creating iterations", "lr_step: 100",
    ],
)  # fmt: skip
def test_what_reports_no_progress(line: str) -> None:
    assert progress_of(line) is None


def test_no_line_says_all_so_the_last_of_each_counts() -> None:
    told = latest([
        "Loading checkpoint shards: 100%|██████████| 4/4 [00:01<00:00, 2.50it/s]",
        " 10%|█ | 300/3000 [01:00<09:00, 5.00it/s]", "{'loss': 1.5, 'epoch': 0.3}",
        " 11%|█ | 330/3000 [01:06<08:54, 5.00it/s]", "something else", "{'eval_loss': 9.9, 'epoch': 0.3}",
        "Validation: 50%|██ | 5/10 [00:01<00:01, 5.00it/s]",
    ])  # fmt: skip
    assert told == P(330, 3000, epoch=0.3, loss=1.5, percent=11, rate="5.00it/s", eta=534)
    assert latest([]) is None
    assert latest(["nothing"], told) is told


def test_what_is_loaded_is_progress_until_the_work_begins() -> None:
    loading = latest(["Loading checkpoint shards:  50%|█████ | 2/4 [00:01<00:01, 2.50it/s]"])
    assert loading is not None
    assert (loading.step, loading.steps, loading.is_aside) == (2, 4, True)
    begun = latest([TITAN], loading)
    assert begun is not None
    assert (begun.step, begun.steps, begun.is_aside) == (120, None, False)


def test_the_first_step_is_a_step() -> None:
    assert latest([" 90%|█ | 9/10 [00:01<00:01, 9it/s]", "  0%|  | 0/10 [00:00<?, ?it/s]"]) == P(
        0, 10, percent=0, rate="9it/s", eta=1
    )


def test_steps_since_the_beginning() -> None:
    def total(line: str) -> int | None:
        told = progress_of(line)
        assert told is not None
        return told.total_step

    assert total("Epoch: [3][ 120/5005]\tLoss 1.2") == 3 * 5005 + 120
    assert total("Epoch 2:  45%|████▌ | 45/100 [00:10<00:12, 4.40it/s]") == 245
    assert total(TITAN) == 120
    assert total(" 32/100 [====>....] - ETA: 12s") is None, "nobody knows the epoch"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("saved checkpoint /x/step_100 in 3.2 seconds", "/x/step_100"), ("Saved checkpoint: a.pt", "a.pt"),
        ("  successfully saved checkpoint from iteration     100 to /x/step_100", "/x/step_100"),
        ("Saving model checkpoint to /x/checkpoint-10", "/x/checkpoint-10"), ("Checkpoint saved to /a/b.", "/a/b"),
        ("Saving the final checkpoint at step 500.", "step 500"), ("모델을 저장했습니다: /x/final", "/x/final"),
        ("writing fields at step 40 → /x/step_40", "/x/step_40"), ("saving checkpoint to out", "out"),
        ("Epoch 1, global step 100: 'val_loss' reached 0.1 (best 0.1), saving model to '/x/a.ckpt' as top 1",
         "/x/a.ckpt"),
        ("[Torch] Saved ./ckpt/global_step10/mp_rank_00_model_states.pt.",
         "./ckpt/global_step10/mp_rank_00_model_states.pt"),
        ("[rank0]:[titan] 2026-11-24 09:00:01,004 - root - INFO - saved checkpoint /x/step_9 in 8 seconds",
         "/x/step_9"),
        ("saving checkpoint at iteration     100 to /x in torch_dist format", None), ("체크포인트 저장 중 …", None),
        ("Finished saving the checkpoint in 8.2 s", None), ("Saving file at /실험/전처리-확인.ipynb", None),
        ("Saved checkpoint in 3.2 seconds", None), ("Loading checkpoint from /x/step_100", None), ("", None),
        ("결과를 저장했습니다: /x/results.json", None),
    ],
)  # fmt: skip
def test_checkpoints_that_were_saved(line: str, name: str | None) -> None:
    assert checkpoint_of(line) == name


@given(st.text(alphabet="0123456789.,:;/|%[]<> -_{}'=eEnaitslokpch█", max_size=80))
@example('{"step": nan, "loss": inf}')
@example("9" * 6000)
@example("9" * 30 + "/" + "9" * 30 + " [9")
@example(".".join("123456"))
def test_anything_is_survived(text: str) -> None:
    for line in (
        text,
        f"Time = {text}",
        f"{text}it [00:01, 3it/s]",
        f"step: 1/{text}",
        f"step: {text}",
        f"{{'loss': {text}",
        f"5%|{text}",
        f"Epoch {text}",
        f"5%|| 3/4 [00:01<{text}",
    ):
        progress_of(line)
        checkpoint_of(line)
