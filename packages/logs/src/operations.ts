import { FilterLogEvents } from './events/filter-log-events.ts'
import { GetLogEvents } from './events/get-log-events.ts'
import { PutLogEvents } from './events/put-log-events.ts'
import { CreateLogGroup } from './log-group/create-log-group.ts'
import { DeleteLogGroup } from './log-group/delete-log-group.ts'
import { DeleteRetentionPolicy } from './log-group/delete-retention-policy.ts'
import { DescribeLogGroups } from './log-group/describe-log-groups.ts'
import {
  ListTagsForResource,
  ListTagsLogGroup,
  TagLogGroup,
  TagResource,
  UntagLogGroup,
  UntagResource,
} from './log-group/group-tags.ts'
import { PutLogGroupDeletionProtection } from './log-group/put-log-group-deletion-protection.ts'
import { PutRetentionPolicy } from './log-group/put-retention-policy.ts'
import { CreateLogStream } from './log-stream/create-log-stream.ts'
import { DeleteLogStream } from './log-stream/delete-log-stream.ts'
import { DescribeLogStreams } from './log-stream/describe-log-streams.ts'

export const logsOperations = {
  CreateLogGroup,
  CreateLogStream,
  DeleteLogGroup,
  DeleteLogStream,
  DeleteRetentionPolicy,
  DescribeLogGroups,
  DescribeLogStreams,
  FilterLogEvents,
  GetLogEvents,
  ListTagsForResource,
  ListTagsLogGroup,
  PutLogEvents,
  PutLogGroupDeletionProtection,
  PutRetentionPolicy,
  TagLogGroup,
  TagResource,
  UntagLogGroup,
  UntagResource,
}
