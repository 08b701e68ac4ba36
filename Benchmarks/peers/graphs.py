"""What makes graphs of an encoder for ONNX Runtime and OpenVINO: plain, fused and in int8, and what runs each of them."""

import pathlib
from typing import Any, Callable, Dict, List

import nncf
import numpy as np
import onnxruntime
import openvino
import torch
from encoding import Batch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer


def export(module: torch.nn.Module, path: pathlib.Path, output: str) -> None:
    """Token ids and a mask in, rows out; both sides of a batch are free."""
    ones = torch.ones(2, 16, dtype=torch.long)
    both = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        module, (ones, ones), str(path), input_names=["input_ids", "attention_mask"], output_names=[output],
        dynamic_axes={"input_ids": both, "attention_mask": both, output: {0: "batch"}}, opset_version=17, dynamo=False,
    )  # fmt: skip


def for_onnxruntime(plain: pathlib.Path, heads: int, width: int, layers: int) -> None:
    """Beside the plain graph: fused, and both fused and plain in dynamic int8."""
    fused = optimizer.optimize_model(str(plain), model_type="bert", num_heads=heads, hidden_size=width, opt_level=0)
    if fused.get_fused_operator_statistics()["Attention"] != layers:
        raise SystemExit(f"ONNX Runtime's fusions did not find the attention of all {layers} layers")
    fused.save_model_to_file(str(plain.with_name(f"{plain.stem}-fused.onnx")))
    # The types that shape inference cannot see behind fused operators are float.
    options = {"DefaultTensorType": TensorProto.FLOAT}
    for name in (plain.stem, f"{plain.stem}-fused"):
        source, target = plain.with_name(f"{name}.onnx"), plain.with_name(f"{name}-int8.onnx")
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, extra_options=options)


def for_openvino(plain: pathlib.Path, calibrating: List[List[int]]) -> None:
    """Beside the plain graph: as it is, and int8 by NNCF."""
    model = openvino.Core().read_model(plain)
    openvino.save_model(model, plain.with_suffix(".xml"), compress_to_fp16=False)
    batches = [Batch([row]) for row in calibrating]
    given = nncf.Dataset(batches, lambda batch: {"input_ids": batch.ids, "attention_mask": batch.mask})
    quantized = nncf.quantize(model, given, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(batches))
    openvino.save_model(quantized, plain.with_name(f"{plain.stem}-nncf.xml"), compress_to_fp16=False)


def runners(files: pathlib.Path, stem: str) -> Dict[str, Callable[[Batch], np.ndarray]]:
    """Every graph of that beginning that was made or fetched, by the file's name."""
    found: Dict[str, Callable[[Batch], np.ndarray]] = {}
    for path in sorted(files.glob(f"{stem}*.onnx")):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]

        def run(batch: Batch, session: Any = session, names: List[str] = names) -> np.ndarray:
            every = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.segments}
            return batch.pooled(session.run(None, {name: every[name] for name in names})[0])

        found[path.name] = run
    for path in sorted(files.glob(f"{stem}*.xml")):
        compiled = openvino.Core().compile_model(path, "CPU")
        found[path.name] = lambda batch, compiled=compiled: compiled([batch.ids, batch.mask])[0]
    return found
