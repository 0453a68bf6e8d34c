import { randomBytes, randomInt } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function randomWord(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte & 31]).join('')
}

/** `AKIA` (long-lived) or `ASIA` (temporary) and 16 letters and digits. */
export function newAccessKeyId(prefix: 'AKIA' | 'ASIA'): string {
  return prefix + randomWord(16)
}

/** 40 characters of base64, 30 random bytes. */
export function newSecretAccessKey(): string {
  return randomBytes(30).toString('base64')
}

export function newSessionToken(): string {
  return randomBytes(144).toString('base64')
}

/** IAM's unique ids, 21 characters: AROA for roles, AIDA for users, ANPA for managed policies. */
export function newUniqueId(prefix: 'AROA' | 'AIDA' | 'ANPA'): string {
  return prefix + randomWord(17)
}

/** 12 digits, the first not 0, so that no tool that takes it for a number loses one. */
export function newAccountId(): string {
  return `${randomInt(1, 10)}${String(randomInt(0, 100_000_000_000)).padStart(11, '0')}`
}
