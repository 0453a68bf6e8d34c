"""A model that costs nothing, so that what is measured is the way to it: the body, turned round."""


def model_fn(model_dir):
    return None


def transform_fn(model, body, content_type, accept):
    data = body.encode() if isinstance(body, str) else bytes(body)
    return data[::-1], accept
