import type { TaskResources } from '@sagebrush/core'

/** GiB of memory for each virtual CPU, by the first letters of a family; what is not here has 4. */
const GIB_PER_CPU: readonly (readonly [RegExp, number])[] = [
  [/^c\d/, 2],
  [/^r\d/, 8],
  [/^x\d/, 16],
  [/^(p2|p3|p3dn|p4d|p4de|p5|p5e|p5en|trn\d\w*)$/, 8],
]

/** GPUs by family and size; families that are not here have none. */
const GPUS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  p2: { xlarge: 1, '8xlarge': 8, '16xlarge': 16 },
  p3: { '2xlarge': 1, '8xlarge': 4, '16xlarge': 8 },
  p3dn: { '24xlarge': 8 },
  p4d: { '24xlarge': 8 },
  p4de: { '24xlarge': 8 },
  p5: { '4xlarge': 1, '48xlarge': 8 },
  p5e: { '48xlarge': 8 },
  p5en: { '48xlarge': 8 },
  g4dn: gpuSizes({ '12xlarge': 4, '16xlarge': 1 }),
  g5: gpuSizes({ '12xlarge': 4, '24xlarge': 4, '48xlarge': 8 }),
  g6: gpuSizes({ '12xlarge': 4, '24xlarge': 4, '48xlarge': 8 }),
  g6e: gpuSizes({ '12xlarge': 4, '24xlarge': 4, '48xlarge': 8 }),
}

/** Sizes below `xlarge` have virtual CPUs of their own, and burstable ones always two. */
const SMALL_CPUS: Readonly<Record<string, number>> = { nano: 2, micro: 2, small: 2, medium: 2, large: 2 }
const T_GIB: Readonly<Record<string, number>> = { medium: 4, large: 8, xlarge: 16, '2xlarge': 32 }

/**
 * What an instance type stands for: `ml.m5.large` is 2 virtual CPUs and 8 GiB. By the rule of AWS's families: a size
 * `Nxlarge` has 4 N CPUs and a family's memory for each; exact for the common families, near for the others.
 * Undefined members for a type that the rule does not know.
 */
export function instanceResources(type: string): TaskResources {
  const [, family = '', size = ''] = /^ml\.([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(type) ?? []
  const cpus = cpusOf(family, size)
  if (cpus === undefined) return {}
  const memoryGiB = family.startsWith('t') && !family.startsWith('trn') ? T_GIB[size] : cpus * gibPerCpu(family)
  const gpus = GPUS[family]?.[size]
  return { cpus, ...(memoryGiB && { memoryMiB: memoryGiB * 1024 }), ...(gpus && { gpus }) }
}

function cpusOf(family: string, size: string): number | undefined {
  if (/^t\d/.test(family)) return size === '2xlarge' ? 8 : size === 'xlarge' ? 4 : SMALL_CPUS[size]
  const [, count = '1'] = /^(\d*)xlarge$/.exec(size) ?? []
  if (size.endsWith('xlarge')) return 4 * Number(count || 1)
  return SMALL_CPUS[size]
}

function gibPerCpu(family: string): number {
  return GIB_PER_CPU.find(([pattern]) => pattern.test(family))?.[1] ?? 4
}

function gpuSizes(more: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return { xlarge: 1, '2xlarge': 1, '4xlarge': 1, '8xlarge': 1, '16xlarge': 1, ...more }
}
