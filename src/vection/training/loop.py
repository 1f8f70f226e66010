"""One loop for all methods, on Hugging Face Accelerate.

Every step is a pure function of the state before it, the seed and the step's number, so a resumed run repeats an
uninterrupted one bit for bit on the same machine.
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from vection.errors import DataError
from vection.formats.checkpoint import CONFIG, find_checkpoint, load_weights, read_config, save_checkpoint
from vection.formats.metrics_log import LABEL_FREE
from vection.formats.run_folder import RunFolder
from vection.methods.method import NOTHING, Knows, Method, Progress
from vection.samples import RawSample, stack
from vection.training.accelerator import make_accelerator, of_main_process, restore_scaler, scaler_state, start_trackers
from vection.training.augmentation.augment import augment
from vection.training.batches import EpochBatches, divide_step
from vection.training.data import Data
from vection.training.health.findings import remarks
from vection.training.health.finite import DivergenceError, stop_if_gradient_not_finite, stop_if_not_finite
from vection.training.health.guard import Guard
from vection.training.health.watch import LOOK_EVERY
from vection.training.position import Position
from vection.training.reporter import Reporter
from vection.training.settings import Stage, Tracking, TrainingSettings
from vection.training.stage_run import StageRun, check_stages
from vection.training.stop import StopAtOnce, StopRequest, leave_signals_to_parent
from vection.training.validation import plain_batches, true_depth_of, validate

AGREE_EVERY = 5
"""Optimiser steps between two questions whether one of several processes was told to stop; each waits for the GPU."""


class Training:
    """A run: a method, its data, and the folder that holds whatever comes of it."""

    def __init__(
        self,
        method: Method,
        data: Data,
        *,
        stages: tuple[Stage, ...],
        settings: TrainingSettings,
        run: Path,
        description: dict[str, Any],
        device: str | None = None,
        shown: bool = True,
        tracking: Tracking = Tracking(),  # noqa: B008
        knows: Knows = NOTHING,
    ) -> None:
        """`description` is stored in every checkpoint's config.json; device None takes the GPU if there is one.

        `shown` draws a progress bar; `tracking` says where the run is shown besides TensorBoard; `knows` is what the
        weights that it starts from, or goes on with, have learned.
        """
        self.accelerator = make_accelerator(settings, device, trackers=tracking.names)
        if settings.compile:  # not where they are defined, for the compiler takes a second to import
            for name in method.eager:
                setattr(method, name, torch.compiler.disable(getattr(method, name)))
        self.tracking = tracking
        self.device = self.accelerator.device
        self.method, self.data, self.stages, self.settings = method, data, stages, settings
        self.run, self.description, self.shown, self.knows = RunFolder(run), description, shown, knows
        self.position = Position()
        self.guard = Guard(method)
        check_stages(method, stages)
        self.processes = processes = self.accelerator.num_processes
        samples = len(data.training)  # type: ignore[arg-type]
        self.samples_per_step = data.batch_size * settings.accumulation
        self.steps_per_epoch = settings.steps_per_epoch or max(samples // self.samples_per_step, 1)
        batch_size, self.accumulation = divide_step(data.batch_size, settings.accumulation, processes=processes)
        self.batches = EpochBatches(
            samples,
            batch_size=batch_size,
            batches=self.steps_per_epoch * self.accumulation,
            seed=settings.seed,
            process=self.accelerator.process_index,
            processes=processes,
        )
        self.loader: DataLoader[RawSample] = DataLoader(
            data.training,
            batch_sampler=self.batches,
            num_workers=data.workers,
            worker_init_fn=leave_signals_to_parent,
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

        Where it diverges it goes back to the last checkpoint, thrice at most, and on at a lower learning rate. Raises
        DataError when that does not help; Ctrl-C and SIGTERM save a checkpoint and raise KeyboardInterrupt, a second
        Ctrl-C leaves the checkpoint before.
        """
        checkpoint = find_checkpoint(self.run.last) if resume else None
        if checkpoint is not None:
            load_weights(self.method, checkpoint)
            config = read_config(checkpoint)
            self.position = Position.stored(config, path=checkpoint / CONFIG)
            restore_scaler(self.accelerator, config.get("scaler", {}))
            self.guard.saved = checkpoint
        self.method.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        main = self.accelerator.is_main_process
        tracked = main and self.tracking.names and self.position.stage < len(self.stages)
        reporter = Reporter(
            self.run,
            total_steps=self.total_steps,
            steps_per_epoch=self.steps_per_epoch,
            done=self.position.step,
            main=main,
            validated=self.position.batch == 0,
            shown=self.shown,
            trackers=start_trackers(self.accelerator, self.tracking, run=self.run.path) if tracked else (),
        )
        with reporter, StopRequest() as stop:
            while self.position.stage < len(self.stages):
                begun = self.position.epoch + self.position.batch > 0
                stage = StageRun(
                    self.method,
                    self.stages[self.position.stage],
                    accelerator=self.accelerator,
                    checkpoint=checkpoint if begun else None,
                )
                self._fit_stage(stage, reporter, stop)

    def _fit_stage(self, stage: StageRun, reporter: Reporter, stop: StopRequest) -> None:
        position = self.position
        self.guard.begin_stage(position)
        if self.settings.keeps_start and position.step == 0:
            self._validate(stage, reporter)
        try:
            while position.epoch < stage.stage.epochs:
                try:
                    self._fit_epoch(stage, reporter, stop)
                except DivergenceError as error:
                    reporter.go_back(
                        position, remark=self.guard.go_back(position, stage, error, alone=self.processes == 1)
                    )
                    continue
                position.epoch, position.batch = position.epoch + 1, 0
                self.method.on_epoch_end(self._progress(stage))
                self._validate(stage, reporter)
                self._keep_snapshot(stage)
                self._save(self.run.last, stage)
        except KeyboardInterrupt as wish:
            if position.step > 0 and not isinstance(wish, StopAtOnce):
                self._save(self.run.last, stage)
            raise
        position.stage, position.epoch = position.stage + 1, 0
        position.best = float("inf")  # losses of different stages are not comparable
        self._save(self.run.last, stage)

    def _fit_epoch(self, stage: StageRun, reporter: Reporter, stop: StopRequest) -> None:
        settings, position = self.settings, self.position
        self.batches.start(position.step // self.steps_per_epoch, skipped=position.batch * self.accumulation)
        stage.begin_epoch()
        batches = iter(self.loader)
        waiting, computing, steps = 0.0, 0.0, 0  # since the last report
        for _ in range(position.batch, self.steps_per_epoch):
            began = perf_counter()
            raw = [next(batches) for _ in range(self.accumulation)]
            loaded = perf_counter()
            saves = (position.step + 1) % settings.checkpoint_every == 0
            looks = saves or (position.step + 1) % LOOK_EVERY == 0 or position.batch + 1 == self.steps_per_epoch
            terms = self._step(raw, stage, looks=looks)
            position.batch, position.step = position.batch + 1, position.step + 1
            waiting, computing = waiting + loaded - began, computing + perf_counter() - loaded
            steps += 1
            if position.step % settings.log_every == 0 or position.batch == self.steps_per_epoch:
                self._check(terms, raw)
                reporter.training(
                    {name: float(value) for name, value in terms.items()},
                    position=position,
                    stage=stage.stage.name,
                    learning_rate=stage.optimiser.param_groups[0]["lr"],
                    samples=steps * self.samples_per_step,
                    waiting=waiting,
                    computing=computing,
                )
                waiting, computing, steps = 0.0, 0.0, 0
            reporter.advance(data_share=(loaded - began) / (perf_counter() - began + 1e-9))
            if looks:
                self._check(terms, raw)
                reporter.note(self.guard.look(position, step=self._progress(stage).step, any_process=self._any_process))
            if saves:
                self._save(self.run.last, stage)
            if self.processes == 1 or position.step % AGREE_EVERY == 0:
                stop.requested = self._any_process(stop.requested)
                stop.raise_if_requested()

    def _step(self, raw: list[RawSample], stage: StageRun, *, looks: bool) -> dict[str, Tensor]:
        settings, progress = self.settings, self._progress(stage)
        careful = self.position.step < self.guard.careful_until
        checks = careful or self.device.type == "cpu"  # else it would wait for the GPU
        total: dict[str, Tensor] = {}
        for index, sample in enumerate(raw):
            # Reseeding makes a batch independent of what ran before it, so a checkpoint needs no random state, and of
            # the process that has it.
            number = (self.position.step * self.accumulation + index) * self.processes + self.accelerator.process_index
            torch.manual_seed(settings.seed * 1_000_003 + number)
            generator = torch.Generator().manual_seed(settings.seed * 7_368_787 + number)
            batch = augment(sample.to(self.device), self.data.augmentation, generator=generator)
            terms = stage.model(batch, progress)
            if checks:
                self._check(terms, raw, compute=partial(self.method.training_loss, batch, progress))
            stage.backward(torch.stack(list(terms.values())).sum() / self.accumulation)
            for name, value in terms.items():
                total[name] = total.get(name, 0) + value.detach() / self.accumulation
        if careful and self.accelerator.scaler is None:  # a scaler of float16 passes over such steps itself
            stop_if_gradient_not_finite(self.method, step=self.position.step)
        stage.update(progress, gradient_clip=settings.gradient_clip, rate=self.position.rate)
        self.guard.watch.note(total, batch if looks else None)
        return total

    def _any_process(self, flag: bool) -> bool:
        """Return whether a process says so, in all of them: they must stop at the same step."""
        if self.processes == 1:
            return flag
        return bool(self.accelerator.reduce(torch.tensor(float(flag), device=self.device)) > 0)

    def _progress(self, stage: StageRun) -> Progress:
        return self.position.progress(stage.stage, steps_per_epoch=self.steps_per_epoch)

    def _check(
        self, terms: dict[str, Tensor], raw: list[RawSample], *, compute: Callable[[], object] | None = None
    ) -> None:
        inputs = [(field.name, getattr(sample, field.name)) for sample in raw for field in fields(sample)]
        tensors = [(name, value) for name, value in inputs if isinstance(value, Tensor)]
        step, norm = self.position.step, self.position.weight_norm
        stop_if_not_finite(terms, method=self.method, inputs=tensors, step=step, norm_at_start=norm, compute=compute)

    def _validate(self, stage: StageRun, reporter: Reporter) -> None:
        """Score the held-out frames as at the end of the stage, so that all its epochs can be compared."""
        if self.data.validation is None or len(self.data.validation) == 0:  # type: ignore[arg-type]
            return
        torch.manual_seed(self.settings.seed)
        most = self.settings.validation_batches * self.data.batch_size
        batches = plain_batches(self.data.validation, batch_size=self.data.batch_size, most=most, device=self.device)
        progress = self._progress(stage)
        held_out = validate(
            stage.model,
            self.method,
            batches,
            progress=progress.at_end,
            true_depth=true_depth_of(self.data.validation, most=most),
        )
        if self.settings.keeps_start and LABEL_FREE not in held_out.statistics:
            raise DataError(
                "No depth could be measured in the frames that were held out, so nothing tells whether training makes "
                "the model better; give more video, in which the camera moves."
            )
        notes: list[str] = []
        # An untrained network looks collapsed; what it looks like later counts.
        if self.position.step >= min(500, self.total_steps // 2):
            notes = remarks(
                held_out.statistics,
                learns_intrinsics=self.method.learns_intrinsics,
                nothing_compared=held_out.nothing_compared(self.method.comparing),
            )
        reporter.held_out(held_out, position=self.position, stage=stage.stage.name, remarks=notes)
        if (loss := of_main_process(held_out.selection_loss)) < self.position.best:
            self.position.best = loss
            self._save(self.run.best, stage)

    def _keep_snapshot(self, stage: StageRun) -> None:
        every, step = self.settings.snapshot_every, self.position.step
        if every and step // self.steps_per_epoch % every == 0:
            self._save(self.run.snapshot(step), stage)

    def _save(self, folder: Path, stage: StageRun) -> None:
        if folder == self.run.last:
            self.guard.saved = folder
        if self.accelerator.is_main_process:
            steps = self.steps_per_epoch
            knows = self.knows | self.position.learned(self.method.settings, self.stages, steps_per_epoch=steps)
            config = {**self.description, "position": vars(self.position), "knows": asdict(knows)}
            config["scaler"] = scaler_state(self.accelerator)
            optimiser = stage.optimiser if folder == self.run.last else None
            save_checkpoint(folder, weights=self.method.state_dict(), config=config, optimiser=optimiser)
        self.accelerator.wait_for_everyone()  # torchrun stops all processes when the first one ends
