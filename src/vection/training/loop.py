"""One loop for all methods, on Hugging Face Accelerate.

Every step is a pure function of the state before it, the seed and the step's number, so a resumed run repeats an
uninterrupted one bit for bit on the same machine.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vection.methods.method import Method, Progress
from vection.samples import Clip, stack
from vection.training.accelerator import make_accelerator
from vection.training.augmentation import Augmentation, augment
from vection.training.batches import EpochBatches
from vection.training.checkpoint import (
    BEST,
    LAST,
    find_checkpoint,
    load_optimiser,
    load_weights,
    read_config,
    save_checkpoint,
)
from vection.training.health import remarks, stop_if_not_finite
from vection.training.log import RunLog
from vection.training.progress import TrainingProgress
from vection.training.settings import Stage, TrainingSettings
from vection.training.stop import StopRequest
from vection.training.validation import plain_batches, validate


@dataclass(frozen=True)
class Data:
    """What to learn from, and how a batch is made of it."""

    training: Dataset[Clip]
    validation: Dataset[Clip] | None
    batch_size: int
    augmentation: Augmentation
    workers: int


@dataclass
class Position:
    """Where training stands: what has to be known to go on."""

    stage: int = 0
    epoch: int = 0
    """Epochs done within the stage."""
    batch: int = 0
    """Optimiser steps done within the epoch."""
    step: int = 0
    """Optimiser steps done in all."""
    best: float = float("inf")
    """Lowest validation loss."""


class Training:
    """A run: a method, its data, and the folder that holds whatever comes of it."""

    def __init__(
        self,
        method: Method[Clip],
        data: Data,
        *,
        stages: tuple[Stage, ...],
        settings: TrainingSettings,
        run: Path,
        description: dict[str, Any],
        device: str | None = None,
    ) -> None:
        """`description` is stored in every checkpoint's config.json; device None takes the GPU if there is one."""
        self.accelerator = make_accelerator(settings, device)
        self.device = self.accelerator.device
        self.method, self.data, self.stages, self.settings = method, data, stages, settings
        self.run, self.description = run, description
        self.position = Position()
        processes = self.accelerator.num_processes
        samples = len(data.training)  # type: ignore[arg-type]
        per_step = data.batch_size * settings.accumulation * processes
        self.steps_per_epoch = settings.steps_per_epoch or max(samples // per_step, 1)
        self.batches = EpochBatches(
            samples,
            batch_size=data.batch_size,
            batches=self.steps_per_epoch * settings.accumulation,
            seed=settings.seed,
            process=self.accelerator.process_index,
            processes=processes,
        )
        self.loader: DataLoader[Clip] = DataLoader(
            data.training,
            batch_sampler=self.batches,
            num_workers=data.workers,
            collate_fn=stack,
            pin_memory=self.device.type == "cuda",
            persistent_workers=data.workers > 0,
        )

    @property
    def total_steps(self) -> int:
        """Optimiser steps of all stages."""
        return self.steps_per_epoch * sum(stage.epochs for stage in self.stages)

    def fit(self, *, resume: bool = True) -> None:
        """Train to the end, from the last checkpoint if there is one and `resume` holds.

        Raises DataError when the loss is not finite; Ctrl-C and SIGTERM save a checkpoint and raise KeyboardInterrupt.
        """
        checkpoint = find_checkpoint(self.run / LAST) if resume else None
        if checkpoint is not None:
            load_weights(self.method, checkpoint)
            self.position = Position(**read_config(checkpoint)["position"])
        self.method.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        main = self.accelerator.is_main_process
        self.log = RunLog(self.run, resume_step=self.position.step) if main else None
        with (
            TrainingProgress(self.total_steps, done=self.position.step, shown=main) as self.progress,
            StopRequest() as self.stop,
        ):
            try:
                while self.position.stage < len(self.stages):
                    self._fit_stage(self.stages[self.position.stage], checkpoint)
                    checkpoint = None
            except KeyboardInterrupt:
                if self.position.step > 0:
                    self._save(LAST)
                raise
            finally:
                if self.log is not None:
                    self.log.close()

    def _fit_stage(self, stage: Stage, checkpoint: Path | None) -> None:
        freeze_all_but(self.method, stage.trains)
        learning = [parameter for parameter in self.method.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.Adam(learning, lr=stage.learning_rate, fused=True)
        if checkpoint is not None and self.position.epoch + self.position.batch > 0:
            load_optimiser(self.optimiser, checkpoint)
        self.model, self.prepared_optimiser = self.accelerator.prepare(self.method, self.optimiser)
        while self.position.epoch < stage.epochs:
            self._fit_epoch(stage)
            self.position.epoch, self.position.batch = self.position.epoch + 1, 0
            self.method.on_epoch_end(self._progress(stage))
            self._validate(stage)
            self._save(LAST)
        self.position.stage, self.position.epoch = self.position.stage + 1, 0
        self.position.best = float("inf")  # losses of different stages are not comparable
        self._save(LAST)

    def _fit_epoch(self, stage: Stage) -> None:
        epoch = self.position.step // self.steps_per_epoch
        self.batches.start(epoch, skipped=self.position.batch * self.settings.accumulation)
        self._set_training_mode(stage)
        batches = iter(self.loader)
        waiting = computing = 0.0
        for _ in range(self.position.batch, self.steps_per_epoch):
            began = perf_counter()
            raw = [next(batches) for _ in range(self.settings.accumulation)]
            loaded = perf_counter()
            terms = self._step(raw, stage)
            self.position.batch, self.position.step = self.position.batch + 1, self.position.step + 1
            waiting, computing = waiting + loaded - began, computing + perf_counter() - loaded
            if self.position.step % self.settings.log_every == 0 or self.position.batch == self.steps_per_epoch:
                self._log_training(terms, raw, waiting=waiting, computing=computing)
                waiting = computing = 0.0
            self.progress.advance(data_share=(loaded - began) / (perf_counter() - began + 1e-9))
            if self.position.step % self.settings.checkpoint_every == 0:
                self._check(terms, raw)
                self._save(LAST)
            self.stop.raise_if_wanted()

    def _step(self, raw: list[Clip], stage: Stage) -> dict[str, Tensor]:
        # Reseeding makes the step independent of what ran before it, so a checkpoint needs no random state.
        torch.manual_seed(self.settings.seed * 1_000_003 + self.position.step)
        for group in self.optimiser.param_groups:
            group["lr"] = stage.learning_rate_at(self.position.epoch, step=self._progress(stage).step)
        total: dict[str, Tensor] = {}
        for index, batch in enumerate(raw):
            generator = torch.Generator().manual_seed(
                (self.settings.seed + self.accelerator.process_index) * 7_368_787
                + self.position.step * self.settings.accumulation
                + index
            )
            clip = augment(batch.to(self.device), self.data.augmentation, generator=generator)
            terms = self.model(clip, self._progress(stage))
            loss = torch.stack(list(terms.values())).sum() / self.settings.accumulation
            if self.device.type == "cpu":  # costs a synchronisation on a GPU, where the check waits for the next log
                self._check(terms, raw)
            self.accelerator.backward(loss)
            for name, value in terms.items():
                total[name] = total.get(name, 0) + value.detach() / self.settings.accumulation
        if self.settings.gradient_clip is not None:
            self.accelerator.clip_grad_norm_(self.method.parameters(), self.settings.gradient_clip)
        self.prepared_optimiser.step()
        self.prepared_optimiser.zero_grad(set_to_none=True)
        return total

    def _progress(self, stage: Stage) -> Progress:
        done = self.position
        return Progress(
            stage=stage.name,
            step=done.epoch * self.steps_per_epoch + done.batch,
            steps=stage.epochs * self.steps_per_epoch,
            epoch=done.epoch,
            epochs=stage.epochs,
            total_step=done.step,
        )

    def _check(self, terms: dict[str, Tensor], raw: list[Clip]) -> None:
        inputs = [(field.name, getattr(clip, field.name)) for clip in raw for field in fields(clip)]
        tensors = [(name, value) for name, value in inputs if isinstance(value, Tensor)]
        stop_if_not_finite(terms, method=self.method, inputs=tensors, step=self.position.step)

    def _log_training(self, terms: dict[str, Tensor], raw: list[Clip], *, waiting: float, computing: float) -> None:
        self._check(terms, raw)
        values = {name: float(value) for name, value in terms.items()}
        steps = self.position.batch % self.settings.log_every or self.settings.log_every
        samples = steps * self.data.batch_size * self.settings.accumulation * self.accelerator.num_processes
        self.progress.show(loss=sum(values.values()))
        self._write(
            values,
            split="train",
            learning_rate=self.optimiser.param_groups[0]["lr"],
            samples_per_second=samples / (waiting + computing),
            seconds_data=waiting,
            seconds_compute=computing,
        )

    def _validate(self, stage: Stage) -> None:
        if self.data.validation is None or len(self.data.validation) == 0:  # type: ignore[arg-type]
            return
        torch.manual_seed(self.settings.seed)
        most = self.settings.validation_batches * self.data.batch_size
        batches = plain_batches(self.data.validation, batch_size=self.data.batch_size, most=most, device=self.device)
        end = replace(self._progress(stage), step=stage.epochs * self.steps_per_epoch, epoch=stage.epochs)
        held_out = validate(self.model, self.method, batches, progress=end)
        # An untrained network looks collapsed; what it looks like later counts.
        found = (
            remarks(held_out.statistics, learns_intrinsics=self.method.learns_intrinsics, terms=held_out.terms)
            if self.position.step >= min(500, self.total_steps // 2)
            else []
        )
        cameras = {"cameras": held_out.cameras} if held_out.cameras else {}
        self._write(held_out.terms, split="validation", depth_statistics=held_out.statistics, remarks=found, **cameras)
        if self.log is not None:
            self.log.write_panel(held_out.pictures, step=self.position.step)
        loss = sum(held_out.terms.values())
        self.progress.show(validation_loss=loss, remarks=found)
        if loss < self.position.best:
            self.position.best = loss
            self._save(BEST)

    def _write(self, terms: dict[str, float], *, split: str, **more: Any) -> None:
        if self.log is not None:
            place = {"step": self.position.step, "epoch": self.position.step / self.steps_per_epoch}
            stage = self.stages[self.position.stage].name
            self.log.write(
                {**place, "stage": stage, "split": split, "loss": sum(terms.values()), "terms": terms, **more}
            )

    def _save(self, name: str) -> None:
        if self.accelerator.is_main_process:
            config = {**self.description, "position": vars(self.position)}
            optimiser = self.optimiser if name == LAST else None
            save_checkpoint(self.run / name, weights=self.method.state_dict(), config=config, optimiser=optimiser)

    def _set_training_mode(self, stage: Stage) -> None:
        self.method.train()
        for name, part in self.method.named_children():
            if stage.trains and name not in stage.trains:
                part.eval()  # frozen normalisation keeps its statistics, too


def freeze_all_but(method: torch.nn.Module, parts: tuple[str, ...]) -> None:
    """Let only the named direct parts of `method` learn; none named: all. Raises ValueError for an unknown name."""
    known = dict(method.named_children())
    for part in parts:
        if part not in known:
            raise ValueError(f"there is no part '{part}' to train; there are {', '.join(known)}")
    for name, module in known.items():
        module.requires_grad_(not parts or name in parts)
