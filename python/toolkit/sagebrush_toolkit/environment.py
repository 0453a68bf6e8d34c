"""Hyperparameters and configuration files → arguments and SM_* variables, by AWS's mapping.

Source of the mapping: sagemaker-training 5.1 (mapping.py, params.py, environment.py).
"""

from __future__ import annotations

import json
import os

from .task import DEBUG, WARNING, Layout, TaskError, cpu_count, gpu_count, log, neuron_count

# Known to the toolkit; other sagemaker_* hyperparameters are for frameworks (SM_FRAMEWORK_PARAMS).
TOOLKIT_PARAMETERS = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "default_user_module_name",
        "_tuning_objective_metric",
        "sagemaker_s3_output",
    }
)
# Properties that are also variables of their own; the others stand in SM_TRAINING_ENV alone.
EXPORTED = (
    "current_host",
    "current_instance_group",
    "current_instance_group_hosts",
    "current_instance_type",
    "distribution_instance_groups",
    "framework_module",
    "hosts",
    "input_config_dir",
    "input_data_config",
    "input_dir",
    "instance_groups",
    "instance_groups_dict",
    "is_hetero",
    "log_level",
    "model_dir",
    "module_dir",
    "module_name",
    "network_interface_name",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "output_data_dir",
    "output_dir",
    "output_intermediate_dir",
    "resource_config",
    "user_entry_point",
)
# execve refuses a single string over 32 pages; 4 KiB pages are the smallest in use.
MAX_VARIABLE_BYTES = 32 * 4096 - 1


class TrainingEnvironment:
    """One job's settings, read once. Attributes have the names of AWS's `Environment`."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        parameters = {key: _decode(value) for key, value in _read(layout, "hyperparameters.json").items()}
        ours = {key: value for key, value in parameters.items() if _is_ours(key)}
        self.hyperparameters = {key: value for key, value in parameters.items() if key not in ours}
        self.additional_framework_parameters = {k: v for k, v in ours.items() if k not in TOOLKIT_PARAMETERS}
        self.input_data_config = _read(layout, "inputdataconfig.json")
        self.resource_config = _read(layout, "resourceconfig.json")
        self.hosts = self.resource_config.get("hosts") or ["algo-1"]
        self.current_host = self.resource_config.get("current_host") or self.hosts[0]
        program = os.environ.get("SAGEMAKER_PROGRAM") or ours.get("sagemaker_program")
        self.user_entry_point = None if program is None else str(program)
        submitted = ours.get("sagemaker_submit_directory") or os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
        self.module_dir = layout.local(str(submitted or layout.code))
        level = ours.get("sagemaker_container_log_level", os.environ.get("SAGEMAKER_CONTAINER_LOG_LEVEL"))
        self.log_level = 20 if level is None else level
        self.job_name = ours.get("sagemaker_job_name") or os.environ.get("TRAINING_JOB_NAME") or ""
        self.region = ours.get("sagemaker_region") or os.environ.get("AWS_REGION") or ""

    def command_arguments(self) -> list[str]:
        """`--key value` for each hyperparameter, keys sorted; one-letter keys become `-k`."""
        arguments = []
        for key in sorted(self.hyperparameters):
            if key:
                arguments.append(f"--{key}" if len(key) > 1 else f"-{key}")
            else:
                arguments.append("")
            arguments.append(_argument(self.hyperparameters[key]))
        return arguments

    def _described(self) -> dict[str, object]:
        """All of AWS's public properties: the content of SM_TRAINING_ENV."""
        layout, config = self.layout, self.resource_config
        groups = config.get("instance_groups") or []
        by_name = {group["instance_group_name"]: group for group in groups}
        group_name = config.get("current_group_name", "homogeneousCluster")
        distributed = self.additional_framework_parameters.get("sagemaker_distribution_instance_groups", [])
        chosen = [host for name in distributed for host in by_name.get(name, {}).get("hosts", [])]
        distribution_hosts = chosen if groups else list(self.hosts)
        master = (distribution_hosts or self.hosts)[0]
        return {
            "additional_framework_parameters": self.additional_framework_parameters,
            "channel_input_dirs": {name: layout.channel(name) for name in self.input_data_config},
            "current_host": self.current_host,
            "current_instance_group": group_name,
            "current_instance_group_hosts": by_name.get(group_name, {}).get("hosts", []),
            "current_instance_type": config.get("current_instance_type", "local"),
            "distribution_hosts": distribution_hosts,
            "distribution_instance_groups": distributed,
            "framework_module": os.environ.get("SAGEMAKER_TRAINING_MODULE"),
            "hosts": self.hosts,
            "hyperparameters": self.hyperparameters,
            "input_config_dir": layout.input_config,
            "input_data_config": self.input_data_config,
            "input_dir": layout.input,
            "instance_groups": list(by_name),
            "instance_groups_dict": by_name,
            "is_hetero": len(groups) > 1,
            "is_master": self.current_host == master,
            "is_modelparallel_enabled": None,
            "is_smddpmprun_installed": False,
            "is_smddprun_installed": False,
            "job_name": self.job_name,
            "log_level": self.log_level,
            "master_hostname": master,
            "model_dir": layout.model,
            "module_dir": self.module_dir,
            "module_name": _without_py(self.user_entry_point),
            "network_interface_name": config.get("network_interface_name", "eth0"),
            "num_cpus": cpu_count(),
            "num_gpus": gpu_count(),
            "num_neurons": neuron_count(),
            "output_data_dir": layout.output_data,
            "output_dir": layout.output,
            "output_intermediate_dir": layout.output_intermediate,
            "resource_config": config,
            "topology": config.get("topology", []),
            "user_entry_point": self.user_entry_point,
        }

    def variables(self) -> dict[str, str]:
        """The variables that the user's program gets on top of the task's own."""
        described = self._described()
        channels = {name: self.layout.channel(name) for name in self.input_data_config}
        values: dict[str, object] = {
            "training_env": described,
            "channels": sorted(channels),
            "hps": self.hyperparameters,
            "framework_params": self.additional_framework_parameters,
            "user_args": self.command_arguments(),
        }
        values.update({name: described[name] for name in EXPORTED})
        if described["topology"]:
            values["topology"] = described["topology"]
        values.update({f"channel_{name}": path for name, path in channels.items()})
        values.update({f"hp_{name}": value for name, value in self.hyperparameters.items()})
        variables = {f"SM_{name.upper()}": _variable(value) for name, value in values.items()}
        variables["TRAINING_JOB_NAME"] = os.environ.get("TRAINING_JOB_NAME") or str(self.job_name)
        variables["CURRENT_HOST"] = self.current_host
        variables["SAGEMAKER_REGION"] = str(self.region)
        variables["SAGEMAKER_BASE_DIR"] = self.layout.root
        return _passable(variables)


def _read(layout: Layout, name: str) -> dict[str, object]:
    path = os.path.join(layout.input_config, name)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TaskError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise TaskError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content


def _decode(value: object) -> object:
    """A hyperparameter's value: SDKs send JSON in a string; a plain word is itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _is_ours(key: str) -> bool:
    return key in TOOLKIT_PARAMETERS or key.startswith("sagemaker_")


def _argument(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{key}={value[key]}" for key in sorted(value))
    return str(value)


def _variable(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _without_py(program: str | None) -> str | None:
    return program[:-3] if program and program.endswith(".py") else program


def _passable(variables: dict[str, str]) -> dict[str, str]:
    """Leaves out what no process can be started with, and says so: AWS's toolkit fails here."""
    passed = {}
    for name, value in variables.items():
        if "=" in name or "\0" in name or "\0" in value:
            log(WARNING, f"{name!r} cannot be an environment variable: left out")
        elif len(name.encode()) + len(value.encode("utf-8", "surrogateescape")) + 1 > MAX_VARIABLE_BYTES:
            log(WARNING, f"{name} is too long for an environment variable: left out")
        else:
            passed[name] = value
    log(DEBUG, f"environment: {json.dumps(passed, sort_keys=True)}")
    return passed
