#!/usr/bin/env bash
# Trains and serves with the AWS CLI alone.   sagebrush run -- ./train_and_serve.sh
set -euo pipefail

example=$(cd "$(dirname "$0")/../sklearn-script-mode" && pwd)
name="cli-example-$(date +%s%N)"
bucket="$name"
region=$(aws configure get region)
account=$(aws sts get-caller-identity --query Account --output text)
role="arn:aws:iam::$account:role/SageMakerExecution"
image="683313688378.dkr.ecr.$region.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Objects: make, copy, sync, list, presign.
aws s3 mb "s3://$bucket"
tar -czf "$work/sourcedir.tar.gz" -C "$example/code" .
aws s3 cp "$work/sourcedir.tar.gz" "s3://$bucket/code/sourcedir.tar.gz"
aws s3 cp "$example/data/train.csv" "s3://$bucket/data/train/train.csv"
mkdir "$work/test" && cp "$example/data/test.csv" "$work/test/"
aws s3 sync "$work/test" "s3://$bucket/data/test"
aws s3 ls --recursive "s3://$bucket/"
curl -fsS "$(aws s3 presign "s3://$bucket/data/test/test.csv")" | cmp - "$example/data/test.csv"

channel() {
  echo "{\"ChannelName\":\"$1\",\"DataSource\":{\"S3DataSource\":{\"S3DataType\":\"S3Prefix\",\"S3Uri\":\"s3://$bucket/data/$1\"}}}"
}
aws sagemaker create-training-job \
  --training-job-name "$name" \
  --role-arn "$role" \
  --algorithm-specification "TrainingImage=$image,TrainingInputMode=File" \
  --hyper-parameters "{\"sagemaker_program\":\"train.py\",\"sagemaker_submit_directory\":\"s3://$bucket/code/sourcedir.tar.gz\"}" \
  --input-data-config "[$(channel train),$(channel test)]" \
  --output-data-config "S3OutputPath=s3://$bucket/jobs" \
  --resource-config InstanceType=ml.m5.large,InstanceCount=1,VolumeSizeInGB=10 \
  --stopping-condition MaxRuntimeInSeconds=3600
aws sagemaker wait training-job-completed-or-stopped --training-job-name "$name"
aws sagemaker describe-training-job --training-job-name "$name" --query TrainingJobStatus --output text
aws sagemaker list-training-jobs --name-contains "$name" --query 'TrainingJobSummaries[].TrainingJobName' --output text
if [[ $(aws --version) == aws-cli/1.* ]]; then # `tail` came with version 2
  aws logs filter-log-events --log-group-name /aws/sagemaker/TrainingJobs --log-stream-name-prefix "$name/" \
    --query 'events[].[message]' --output text
else
  aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix "$name/" --format short
fi

model=$(aws sagemaker describe-training-job --training-job-name "$name" \
  --query ModelArtifacts.S3ModelArtifacts --output text)
code="SAGEMAKER_PROGRAM=train.py,SAGEMAKER_SUBMIT_DIRECTORY=s3://$bucket/code/sourcedir.tar.gz"
aws sagemaker create-model --model-name "$name" --execution-role-arn "$role" \
  --primary-container "Image=$image,ModelDataUrl=$model,Environment={$code}"
aws sagemaker create-endpoint-config --endpoint-config-name "$name" \
  --production-variants "VariantName=AllTraffic,ModelName=$name,InitialInstanceCount=1,InstanceType=ml.m5.large"
aws sagemaker create-endpoint --endpoint-name "$name" --endpoint-config-name "$name"
aws sagemaker wait endpoint-in-service --endpoint-name "$name"
printf '5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n' >"$work/rows.csv"
aws sagemaker-runtime invoke-endpoint --endpoint-name "$name" --content-type text/csv --accept text/csv \
  --body "fileb://$work/rows.csv" "$work/answer.csv"
echo "prediction: $(tr '\n' ' ' <"$work/answer.csv")"

aws sagemaker delete-endpoint --endpoint-name "$name"
aws sagemaker wait endpoint-deleted --endpoint-name "$name"
aws sagemaker delete-endpoint-config --endpoint-config-name "$name"
aws sagemaker delete-model --model-name "$name"
aws s3 rm --recursive --only-show-errors "s3://$bucket"
aws s3 rb "s3://$bucket"
