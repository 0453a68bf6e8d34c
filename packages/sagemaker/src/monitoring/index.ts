import { ListMonitoringSchedules } from './list-monitoring-schedules.ts'

export const monitoringOperations = { ListMonitoringSchedules }
