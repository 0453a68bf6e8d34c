"""The user's model_fn, input_fn, predict_fn, output_fn or transform_fn, with AWS's defaults around."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import traceback

from . import codecs
from .task import Layout, TaskError, gpu_count
from .wire import Request

ARGUMENTS = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2, "transform_fn": 4}


class Response:
    """What goes back: `body` is bytes, or an iterator whose parts are sent as they come."""

    __slots__ = ("body", "headers", "reason", "status")

    def __init__(self, status: int, body: object, content_type: str, reason: str = "") -> None:
        self.status = status
        self.body = body
        self.headers = {"Content-Type": content_type}
        self.reason = reason


class Context:
    """The part of the model server's context that AWS's documentation shows to handler functions."""

    def __init__(self, model_dir: str, request: Request | None = None) -> None:
        gpu = 0 if gpu_count() else None
        self.system_properties = {"model_dir": model_dir, "gpu_id": gpu, "batch_size": 1}
        self.request_processor = [self]
        self.response_headers: dict[str, str] = {}
        self.response_status: tuple[int, str] | None = None
        self._request_headers = request.headers if request else {}

    def get_request_header(self, idx: int, key: str) -> str | None:
        """A request header by its name in any case; None when it was not sent."""
        return self._request_headers.get(key.lower())

    def get_all_request_header(self, idx: int = 0) -> dict[str, str]:
        """All request headers; names are in lower case."""
        return dict(self._request_headers)

    def get_request_properties(self) -> dict[str, str]:
        """All request headers, as `context.request_processor[0]` gives them."""
        return dict(self._request_headers)

    def get_request_id(self, idx: int = 0) -> str | None:
        """X-Amzn-RequestId, when the caller sent it."""
        return self._request_headers.get("x-amzn-requestid")

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """Adds a response header, such as X-Amzn-SageMaker-Custom-Attributes."""
        self.response_headers[key] = str(value)

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Overrides the response's Content-Type."""
        self.response_headers["Content-Type"] = value

    def get_response_headers(self, idx: int = 0) -> dict[str, str]:
        """The headers set so far."""
        return self.response_headers

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Overrides the response's status."""
        self.response_status = (code, phrase)


class Handler:
    """One worker's model and functions. Making it imports the user's module and loads the model."""

    def __init__(self, layout: Layout, program: str, folders: list[str]) -> None:
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or codecs.JSON
        self._model_dir = layout.model
        path, module = import_program(program, folders)
        functions = {name: getattr(module, name, None) for name in ARGUMENTS}
        if functions["transform_fn"] and any(functions[name] for name in ("input_fn", "predict_fn", "output_fn")):
            raise TaskError(f"{path} has transform_fn and also input_fn, predict_fn or output_fn: use one or the other")
        if functions["model_fn"] is None:
            where = path or " and ".join(os.path.join(folder, program) for folder in folders)
            raise TaskError(
                f"model_fn is not defined: looked in {where}. Implement model_fn(model_dir), which loads the model "
                f"from {layout.model}; SAGEMAKER_PROGRAM names the script that has it"
            )
        self._functions = functions
        self._with_context = {name: takes_context(name, f) for name, f in functions.items() if f}
        self.execution_parameters_fn = getattr(module, "execution_parameters_fn", None)
        self._model = self._call("model_fn", Context(layout.model), layout.model)

    def _call(self, name: str, context: Context | None, *arguments: object) -> object:
        if self._with_context[name]:
            return self._functions[name](*arguments, context)
        return self._functions[name](*arguments)

    def invoke(self, request: Request) -> Response:
        """Answers POST /invocations; an error of the user's code is a response too."""
        try:
            context = Context(self._model_dir, request) if any(self._with_context.values()) else None
            return self._transform(request, context)
        except codecs.FormatError as error:
            return _format_response(error)
        except Exception as error:
            traceback.print_exc()
            return _error_response(error)

    def _transform(self, request: Request, context: Context | None) -> Response:
        headers = request.headers
        content_type = headers.get("contenttype") or headers.get("content-type") or codecs.JSON
        accept = headers.get("accept")
        kinds = codecs.acceptable(accept, self._default_accept)
        wanted = kinds[0] if kinds else self._default_accept
        body: object = request.body
        if codecs.media_type(content_type) in codecs.TEXT_TYPES:
            try:
                body = request.body.decode("utf-8")
            except UnicodeDecodeError as error:
                raise codecs.FormatError(400, f"the {content_type} body is not UTF-8: {error}") from error
        functions = self._functions
        if functions["transform_fn"]:
            value = self._call("transform_fn", context, self._model, body, content_type, wanted)
        else:
            if functions["input_fn"]:
                data = self._call("input_fn", context, body, content_type)
            else:
                data = codecs.decode(body, content_type)
            if functions["predict_fn"]:
                prediction = self._call("predict_fn", context, data, self._model)
            else:
                prediction = self._model.predict(data)
            if functions["output_fn"]:
                value = self._call("output_fn", context, prediction, wanted)
            elif hasattr(prediction, "__next__"):
                value = prediction
            else:
                value = codecs.encode(prediction, kinds, accept or self._default_accept)
        return self._response(value, wanted, context)

    def _response(self, value: object, wanted: str, context: Context | None) -> Response:
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
            value, wanted = value
        if hasattr(value, "get_data") and hasattr(value, "status_code"):  # A Flask response.
            return Response(value.status_code, value.get_data(), value.mimetype or wanted)
        response = Response(200, _body(value, wanted), wanted)
        if context:
            response.headers.update(context.response_headers)
            if context.response_status:
                response.status, response.reason = context.response_status
        return response


def _body(value: object, wanted: str) -> object:
    if isinstance(value, bytes) or hasattr(value, "__next__"):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return b"" if value is None else codecs.encode(value, [wanted, codecs.JSON], wanted)[0]


def part(value: object) -> bytes:
    """One part of a streamed response; what is neither text nor bytes goes as a line of JSON."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return value.encode() if isinstance(value, str) else codecs.encode(value, [codecs.JSON], codecs.JSON)[0] + b"\n"


def _format_response(error: codecs.FormatError) -> Response:
    import json

    told = {"error": "UnsupportedFormatError" if error.status != 400 else "ClientError", "error-message": str(error)}
    return Response(error.status, json.dumps(told).encode(), codecs.JSON)


def _error_response(error: Exception) -> Response:
    """AWS's inference toolkit: the message, then the traceback. Errors may carry a status of their own."""
    status = getattr(error, "status_code", 500)
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    text = f"{message}\n{traceback.format_exc()}"
    valid = isinstance(status, int) and 400 <= status <= 599
    return Response(status if valid else 500, text.encode("utf-8", "replace"), "text/plain; charset=utf-8")


def takes_context(name: str, function: object) -> bool:
    """Whether `function` takes the context after its own arguments; raises when it takes neither.

    AWS counts parameters, so a predict_fn(data, model, threshold=0.5) would get the context as its
    threshold; a parameter with a default gets it only if it is None or is called context.
    """
    count = ARGUMENTS[name]
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    takes_any = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    if len(required) > count + 1 or (len(positional) < count and not takes_any):
        raise TaskError(
            f"{name} takes {len(positional)} arguments ({', '.join(p.name for p in positional)}), "
            f"but is called with {count}, or {count + 1} with the context"
        )
    if len(required) == count + 1:
        return True
    return len(positional) > count and (positional[count].name == "context" or positional[count].default is None)


def import_program(program: str, folders: list[str]) -> tuple[str | None, object]:
    """Imports `program` from the first folder that has it; (None, None) when none has."""
    names = [program] if program.endswith(".py") else [program + ".py", program.replace(".", "/") + ".py"]
    for folder in folders:
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                for entry in (folder, os.path.dirname(path)):
                    if entry not in sys.path:
                        sys.path.insert(0, entry)
                stem = os.path.basename(path)[:-3]
                spec = importlib.util.spec_from_file_location(stem, path)
                module = importlib.util.module_from_spec(spec)
                sys.modules[stem] = module
                spec.loader.exec_module(module)
                return path, module
    return None, None
