"""The typed calls as requests: one function each, so that both clients ask alike."""

from __future__ import annotations

import dataclasses
from typing import Any, List, Mapping, Optional, Sequence

from . import requests
from .bill import Bill
from .requests import Request, request
from .types import CallOptions, Label, Model, Prediction, Reflection, Token, Verdict, Watch


def generate(
    model: Optional[str],
    deadline: Optional[float],
    options: Optional[CallOptions],
    *,
    max_tokens: Optional[int],
    temperature: Optional[float],
    top_k: Optional[int],
    top_p: Optional[float],
    min_p: Optional[float],
    repetition_penalty: Optional[float],
    seed: Optional[int],
    stop: Optional[Sequence[str]],
    chat: bool,
    system: Optional[str],
    ignore_eos: Optional[bool],
) -> Request[Token]:
    """Text that goes on from a prompt."""
    params = {
        "max_tokens": max_tokens,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "min_p": min_p,
        "repetition_penalty": repetition_penalty,
        "seed": seed,
        "stop": None if stop is None else list(stop),
        "format": "chat" if chat else None,
        "system": system,
        "ignore_eos": ignore_eos,
    }
    return request("Generate", requests.read_token, model, deadline, options, params)


def predict(
    model: Optional[str],
    deadline: Optional[float],
    options: Optional[CallOptions],
    top_k: Optional[int],
    special: Optional[bool],
) -> Request[Prediction]:
    """What may follow each token."""
    return request("Predict", requests.read_prediction, model, deadline, options, {"top_k": top_k, "special": special})


def embed(
    model: Optional[str],
    deadline: Optional[float],
    options: Optional[CallOptions],
    normalize: Optional[bool],
    truncate: Optional[bool],
) -> Request[List[float]]:
    """A vector for each text."""
    params = {"input": "each", "normalize": normalize, "truncate": truncate}
    return request("Embed", requests.read_embedding, model, deadline, options, params)


def classify(
    model: Optional[str],
    deadline: Optional[float],
    options: Optional[CallOptions],
    top_k: Optional[int],
    truncate: Optional[bool],
    pair: Optional[str],
    *,
    tau: Optional[float],
    threshold: Optional[float],
    first_exit: Optional[int],
) -> Request[List[Label]]:
    """Classes for each text."""
    params = {
        "input": "each",
        "top_k": top_k,
        "truncate": truncate,
        "pair": pair,
        "tau": tau,
        "threshold": threshold,
        "first_exit": first_exit,
    }
    return request("Classify", requests.read_labels, model, deadline, options, params)


def classify_stream(
    model: Optional[str],
    deadline: Optional[float],
    options: Optional[CallOptions],
    *,
    top_k: Optional[int],
    score_min: Optional[float],
    policy: Optional[str],
    refine: Optional[bool],
    watch: Optional[Watch],
    window: Optional[int],
    stride: Optional[int],
    text: Optional[bool],
    special: Optional[bool],
    max_tokens: Optional[int],
    tau: Optional[float],
    threshold: Optional[float],
    first_exit: Optional[int],
) -> Request[Verdict]:
    """A verdict for each token."""
    params = {
        "top_k": top_k,
        "score_min": score_min,
        "policy": policy,
        "refine": refine,
        "watch": None if watch is None else dataclasses.asdict(watch),
        "window": window,
        "stride": stride,
        "text": text,
        "special": special,
        "max_tokens": max_tokens,
        "tau": tau,
        "threshold": threshold,
        "first_exit": first_exit,
    }
    return request("ClassifyStream", requests.read_verdict, model, deadline, options, params)


def tokenize(
    model: Optional[str], deadline: Optional[float], options: Optional[CallOptions], special: Optional[bool]
) -> Request[List[int]]:
    """Token ids of a text."""
    return request("Tokenize", requests.read_ids, model, deadline, options, {"special": special})


def models(deadline: Optional[float]) -> Request[List[Model]]:
    """What the server holds."""
    return request("Models.List", requests.read_models, deadline=deadline)


def describe(name: Optional[str], deadline: Optional[float]) -> Request[Model]:
    """One model."""
    return request("Models.Describe", requests.read_model, name, deadline)


def usage_bill(call: bytes, deadline: Optional[float]) -> Request[Bill]:
    """The bill of an earlier call."""
    return request("Usage.Bill", requests.read_bill, deadline=deadline, params={"call": call})


def health(deadline: Optional[float]) -> Request[str]:
    """Whether the server serves."""
    return request("Health.Check", requests.read_health, deadline=deadline)


def watch_health(model: Optional[str], deadline: Optional[float]) -> Request[str]:
    """Whether the server serves, now and whenever that changes."""
    return request("Health.Watch", requests.read_health, model, deadline)


def echo(deadline: Optional[float]) -> Request[Any]:
    """Every message as it was sent."""
    return request("Reflect.Echo", requests.read_anything, deadline=deadline)


def reflect(deadline: Optional[float]) -> Request[Reflection]:
    """What the server can do."""
    return request("Reflect.Describe", requests.read_reflection, deadline=deadline)


def call(
    method: str,
    model: Optional[str],
    deadline: Optional[float],
    options: Optional[CallOptions],
    params: Optional[Mapping[str, Any]],
) -> Request[Any]:
    """Any method, its answers as they come."""
    return request(method, requests.read_anything, model, deadline, options, None if params is None else dict(params))
