import { expect, test } from 'vitest'
import { joinedLater } from './joined-later.ts'

const groupFile = 'root:x:0:\nusers:x:100:bob,ada\ndocker:x:111:bob,ada\nempty:x:112:\n'

test.each([
  ['has joined the group since', { groups: [1000, 100], user: 'ada' }, 'docker'],
  ['was in it at login', { groups: [1000, 111], user: 'ada' }, undefined],
  ['is not in it', { groups: [1000], user: 'eve' }, undefined],
  ['has a name that is part of a member’s', { groups: [1000], user: 'ad' }, undefined],
])('a user who %s', (_, who, group) => {
  expect(joinedLater({ ...who, gid: 111, groupFile })).toBe(group)
})
