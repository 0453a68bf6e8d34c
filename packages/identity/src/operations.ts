import { CreateAccessKey, DeleteAccessKey, ListAccessKeys, UpdateAccessKey } from './access-key/access-keys.ts'
import {
  CreatePolicy,
  DeletePolicy,
  GetPolicy,
  ListEntitiesForPolicy,
  ListPolicies,
  ListPolicyTags,
  TagPolicy,
  UntagPolicy,
} from './policy/policies.ts'
import {
  CreatePolicyVersion,
  DeletePolicyVersion,
  GetPolicyVersion,
  ListPolicyVersions,
  SetDefaultPolicyVersion,
} from './policy/policy-versions.ts'
import { SimulateCustomPolicy, SimulatePrincipalPolicy } from './policy/simulate-principal-policy.ts'
import { CreateRole } from './role/create-role.ts'
import { DeleteRole } from './role/delete-role.ts'
import { GetRole } from './role/get-role.ts'
import { ListRoles } from './role/list-roles.ts'
import {
  AttachRolePolicy,
  DeleteRolePermissionsBoundary,
  DeleteRolePolicy,
  DetachRolePolicy,
  GetRolePolicy,
  ListAttachedRolePolicies,
  ListInstanceProfilesForRole,
  ListRolePolicies,
  PutRolePermissionsBoundary,
  PutRolePolicy,
} from './role/role-policies.ts'
import { ListRoleTags, TagRole, UntagRole } from './role/role-tags.ts'
import { UpdateAssumeRolePolicy, UpdateRole, UpdateRoleDescription } from './role/update-role.ts'
import { AssumeRole } from './sts/assume-role.ts'
import { GetAccessKeyInfo } from './sts/get-access-key-info.ts'
import { GetCallerIdentity } from './sts/get-caller-identity.ts'
import { GetSessionToken } from './sts/get-session-token.ts'
import {
  AttachUserPolicy,
  DeleteUserPermissionsBoundary,
  DeleteUserPolicy,
  DetachUserPolicy,
  GetUserPolicy,
  ListAttachedUserPolicies,
  ListUserPolicies,
  PutUserPermissionsBoundary,
  PutUserPolicy,
} from './user/user-policies.ts'
import {
  CreateUser,
  DeleteUser,
  GetUser,
  ListGroupsForUser,
  ListUsers,
  ListUserTags,
  TagUser,
  UntagUser,
} from './user/users.ts'

export const stsOperations = {
  AssumeRole,
  GetAccessKeyInfo,
  GetCallerIdentity,
  GetSessionToken,
}

export const iamOperations = {
  AttachRolePolicy,
  AttachUserPolicy,
  CreateAccessKey,
  CreatePolicy,
  CreatePolicyVersion,
  CreateRole,
  CreateUser,
  DeleteAccessKey,
  DeletePolicy,
  DeletePolicyVersion,
  DeleteRole,
  DeleteRolePermissionsBoundary,
  DeleteRolePolicy,
  DeleteUser,
  DeleteUserPermissionsBoundary,
  DeleteUserPolicy,
  DetachRolePolicy,
  DetachUserPolicy,
  GetPolicy,
  GetPolicyVersion,
  GetRole,
  GetRolePolicy,
  GetUser,
  GetUserPolicy,
  ListAccessKeys,
  ListAttachedRolePolicies,
  ListAttachedUserPolicies,
  ListEntitiesForPolicy,
  ListGroupsForUser,
  ListInstanceProfilesForRole,
  ListPolicies,
  ListPolicyTags,
  ListPolicyVersions,
  ListRolePolicies,
  ListRoleTags,
  ListRoles,
  ListUserPolicies,
  ListUserTags,
  ListUsers,
  PutRolePermissionsBoundary,
  PutRolePolicy,
  PutUserPermissionsBoundary,
  PutUserPolicy,
  SetDefaultPolicyVersion,
  SimulateCustomPolicy,
  SimulatePrincipalPolicy,
  TagPolicy,
  TagRole,
  TagUser,
  UntagPolicy,
  UntagRole,
  UntagUser,
  UpdateAccessKey,
  UpdateAssumeRolePolicy,
  UpdateRole,
  UpdateRoleDescription,
}
