"""Hyperparameters → arguments and SM_* variables, by AWS's mapping, seen from inside the script."""

from __future__ import annotations

import json

SHOW = "import json, os, sys; json.dump([sys.argv, dict(os.environ)], open(os.environ['SM_OUTPUT_DATA_DIR'] + '/seen', 'w'))"


def seen(task):
    ended = task.train()
    assert ended.returncode == 0, ended.stderr
    return json.loads((task.root / "output/data/seen").read_text())


def test_values_are_decoded_and_become_arguments_in_key_order(task):
    task.script(
        SHOW,
        **{
            "learning-rate": "0.10",
            "epochs": "10",
            "e": "1e-3",
            "name": '"quoted"',
            "plain": "a b",
            "empty": "",
            "json-empty": '""',
            "flag": "true",
            "nothing": "null",
            "list": '[1, "two"]',
            "nested": '{"b": 2, "a": {"c": 1}}',
            "model.depth": "3",
            "+trainer.lr": "0.5",
            "sagemaker_container_log_level": "20",
            "sagemaker_job_name": '"job-1"',
            "_tuning_objective_metric": "acc",
        },
    )
    argv, env = seen(task)
    assert argv == [
        "train.py",
        "--+trainer.lr", "0.5",
        "-e", "0.001",
        "--empty", "",
        "--epochs", "10",
        "--flag", "True",
        "--json-empty", "",
        "--learning-rate", "0.1",
        "--list", "[1, 'two']",
        "--model.depth", "3",
        "--name", "quoted",
        "--nested", "a={'c': 1},b=2",
        "--nothing", "",
        "--plain", "a b",
    ]  # fmt: skip
    assert env["SM_HP_LEARNING-RATE"] == "0.1"
    assert env["SM_HP_LIST"] == '[1,"two"]'
    assert env["SM_HP_FLAG"] == "true"
    assert env["SM_HP_NOTHING"] == ""
    assert json.loads(env["SM_USER_ARGS"]) == argv[1:]
    assert json.loads(env["SM_HPS"])["nested"] == {"b": 2, "a": {"c": 1}}
    assert env["TRAINING_JOB_NAME"] == "job-1"


def test_every_variable_of_the_contract(task):
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
    resources = {
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "current_instance_type": "ml.m5.large",
        "current_group_name": "homogeneousCluster",
        "instance_groups": [group],
        "network_interface_name": "eth0",
    }
    channels = {"train": {"TrainingInputMode": "File"}, "my-test": {"ContentType": "text/csv"}}
    task.script(SHOW, n="1", sagemaker_custom="[2]")
    task.configure(channels=channels, resources=resources)
    task.env["CUDA_VISIBLE_DEVICES"] = "0,3"
    root = str(task.root)
    _, env = seen(task)
    expected = {
        "SM_MODEL_DIR": f"{root}/model",
        "SM_INPUT_DIR": f"{root}/input",
        "SM_INPUT_CONFIG_DIR": f"{root}/input/config",
        "SM_OUTPUT_DIR": f"{root}/output",
        "SM_OUTPUT_DATA_DIR": f"{root}/output/data",
        "SM_OUTPUT_INTERMEDIATE_DIR": f"{root}/output/intermediate",
        "SM_CHANNEL_TRAIN": f"{root}/input/data/train",
        "SM_CHANNEL_MY-TEST": f"{root}/input/data/my-test",
        "SM_CHANNELS": '["my-test","train"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_IS_HETERO": "false",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_GPUS": "2",
        "SM_NUM_NEURONS": "0",
        "SM_LOG_LEVEL": "20",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_MODULE_NAME": "train",
        "SM_MODULE_DIR": f"{root}/code",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_custom":[2]}',
        "SM_FRAMEWORK_MODULE": "",
        "CURRENT_HOST": "algo-1",
    }
    assert {name: env.get(name) for name in expected} == expected
    assert int(env["SM_NUM_CPUS"]) >= 1
    assert json.loads(env["SM_RESOURCE_CONFIG"]) == resources
    assert json.loads(env["SM_INPUT_DATA_CONFIG"]) == channels
    assert json.loads(env["SM_INSTANCE_GROUPS_DICT"]) == {"homogeneousCluster": group}
    described = json.loads(env["SM_TRAINING_ENV"])
    assert described["channel_input_dirs"]["train"] == f"{root}/input/data/train"
    assert described["hyperparameters"] == {"n": 1}
    assert described["is_master"] is True
    assert described["additional_framework_parameters"] == {"sagemaker_custom": [2]}


def test_what_cannot_be_a_variable_is_left_out_and_said(task):
    task.script(SHOW, **{"a=b": "1", **{f"p{i:03}": "x" * 2500 for i in range(60)}})
    ended = task.train()
    assert ended.returncode == 0, ended.stderr
    argv, env = json.loads((task.root / "output/data/seen").read_text())
    assert len(argv) == 1 + 2 * 61
    assert "SM_TRAINING_ENV" not in env and "SM_HPS" not in env
    assert "SM_TRAINING_ENV is too long" in ended.stderr and "'SM_HP_A=B'" in ended.stderr


def test_log_level_is_honoured(task):
    task.script("print('hello')", sagemaker_container_log_level="40")
    ended = task.train()
    assert (ended.stdout, ended.stderr) == ("hello\n", "")
    task.script("print('hello')", sagemaker_container_log_level="10")
    assert "environment: {" in task.train().stderr


def test_configuration_that_is_not_json_is_named(task):
    task.write("input/config/hyperparameters.json", "{nope")
    assert task.train().returncode == 1
    assert task.failure.startswith(f"{task.root}/input/config/hyperparameters.json is not JSON")
