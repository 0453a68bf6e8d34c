import { operation } from '../context.ts'

/** None can be made here, so there is none; the SDK's Predictor asks before it deletes an endpoint. */
export const ListMonitoringSchedules = operation('ListMonitoringSchedules', () => ({ MonitoringScheduleSummaries: [] }))
