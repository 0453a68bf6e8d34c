import type { PolicyRecord } from './policy.ts'

type Allow = { readonly actions: readonly string[]; readonly resources?: readonly string[]; readonly to?: string[] }

/**
 * The managed policies of AWS that programs for SageMaker attach. Each grants, in our own words, what AWS's policy of
 * that name grants on the services that are held here.
 */
const AWS_MANAGED: Readonly<Record<string, readonly Allow[]>> = {
  '/AdministratorAccess': [{ actions: ['*'] }],
  '/AmazonSageMakerFullAccess': [
    {
      actions: [
        'sagemaker:*',
        'sagemaker-geospatial:*',
        'application-autoscaling:*',
        'cloudwatch:DeleteAlarms',
        'cloudwatch:DescribeAlarms',
        'cloudwatch:GetMetricData',
        'cloudwatch:GetMetricStatistics',
        'cloudwatch:ListMetrics',
        'cloudwatch:PutMetricAlarm',
        'cloudwatch:PutMetricData',
        'ec2:CreateNetworkInterface',
        'ec2:CreateNetworkInterfacePermission',
        'ec2:CreateVpcEndpoint',
        'ec2:DeleteNetworkInterface',
        'ec2:DeleteNetworkInterfacePermission',
        'ec2:Describe*',
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:CreateRepository',
        'ecr:Describe*',
        'ecr:GetAuthorizationToken',
        'ecr:GetDownloadUrlForLayer',
        'ecr:StartImageScan',
        'iam:GetRole',
        'iam:ListRoles',
        'kms:DescribeKey',
        'kms:ListAliases',
        'logs:CreateLogDelivery',
        'logs:CreateLogGroup',
        'logs:CreateLogStream',
        'logs:DeleteLogDelivery',
        'logs:Describe*',
        'logs:GetLogDelivery',
        'logs:GetLogEvents',
        'logs:ListLogDeliveries',
        'logs:PutLogEvents',
        'logs:PutResourcePolicy',
        'logs:UpdateLogDelivery',
        's3:CreateBucket',
        's3:GetBucketAcl',
        's3:GetBucketCors',
        's3:GetBucketLocation',
        's3:ListAllMyBuckets',
        's3:ListBucket',
        's3:PutBucketCors',
        's3:PutObjectAcl',
      ],
    },
    {
      actions: ['ecr:BatchDeleteImage', 'ecr:DeleteRepository*', 'ecr:*LayerUpload', 'ecr:PutImage', 'ecr:*LayerPart'],
      resources: ['arn:aws:ecr:*:*:repository/*sagemaker*'],
    },
    {
      actions: ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resources: ['SageMaker', 'Sagemaker', 'sagemaker', 'aws-glue'].map((word) => `arn:aws:s3:::*${word}*`),
    },
    {
      actions: ['iam:PassRole'],
      resources: ['arn:aws:iam::*:role/*AmazonSageMaker*'],
      to: ['sagemaker.amazonaws.com', 'glue.amazonaws.com', 'robomaker.amazonaws.com', 'states.amazonaws.com'],
    },
  ],
  '/AmazonSageMakerReadOnly': [
    {
      actions: [
        'sagemaker:Describe*',
        'sagemaker:List*',
        'sagemaker:Get*',
        'sagemaker:Search',
        'cloudwatch:DescribeAlarms',
      ],
    },
  ],
  '/AmazonS3FullAccess': [{ actions: ['s3:*', 's3-object-lambda:*'] }],
  '/AmazonS3ReadOnlyAccess': [
    { actions: ['s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*'] },
  ],
  '/AmazonEC2ContainerRegistryFullAccess': [{ actions: ['ecr:*'] }],
  '/AmazonEC2ContainerRegistryReadOnly': [
    { actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:Describe*', 'ecr:Get*', 'ecr:List*'] },
  ],
  '/CloudWatchFullAccess': [{ actions: ['cloudwatch:*', 'logs:*'] }],
  '/CloudWatchLogsFullAccess': [{ actions: ['logs:*'] }],
  '/CloudWatchLogsReadOnlyAccess': [
    {
      actions: [
        'logs:Describe*',
        'logs:Get*',
        'logs:List*',
        'logs:StartQuery',
        'logs:StopQuery',
        'logs:TestMetricFilter',
        'logs:FilterLogEvents',
      ],
    },
  ],
  '/IAMFullAccess': [{ actions: ['iam:*'] }],
  '/IAMReadOnlyAccess': [
    { actions: ['iam:Get*', 'iam:List*', 'iam:Simulate*', 'iam:GenerateServiceLastAccessedDetails'] },
  ],
}

const EPOCH = new Date('2015-02-06T18:39:46Z')

function documentOf(grants: readonly Allow[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: grants.map(({ actions, resources = ['*'], to }) => ({
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
      ...(to ? { Condition: { StringEquals: { 'iam:PassedToService': to } } } : {}),
    })),
  })
}

/** By ARN: `arn:aws:iam::aws:policy/AdministratorAccess`. */
export const awsManagedPolicies: ReadonlyMap<string, PolicyRecord> = new Map(
  Object.entries(AWS_MANAGED).map(([place, grants], at) => {
    const slash = place.lastIndexOf('/') + 1
    const record: PolicyRecord = {
      account: 'aws',
      name: place.slice(slash),
      path: place.slice(0, slash),
      id: `ANPAAWSMANAGED${String(at).padStart(7, '2')}`,
      created: EPOCH,
      updated: EPOCH,
      defaultVersion: 'v1',
      lastVersion: 1,
      versions: [{ id: 'v1', document: documentOf(grants), created: EPOCH }],
      tags: [],
    }
    return [`arn:aws:iam::aws:policy${place}`, record]
  }),
)
