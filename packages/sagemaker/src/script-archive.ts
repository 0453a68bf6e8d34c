/** Where a script's archive is put beforehand, so that the task needs no S3 to unpack it. */
export const CODE_FOLDER = '/opt/ml/input/.sagebrush/code'

/**
 * The `s3://…/sourcedir.tar.gz` of script mode, from a hyperparameter or a variable: the framework estimators of the
 * SDK JSON-encode hyperparameters, so quotes may stand around it. Undefined for a local folder.
 */
export function scriptArchive(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const uri = text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
  return uri.startsWith('s3://') && !uri.endsWith('/') ? uri : undefined
}

/** The variable that tells the toolkit which file in the task the archive was staged to. */
export function stagedArchive(uri: string): { readonly SAGEBRUSH_SUBMIT_ARCHIVE: string } {
  return { SAGEBRUSH_SUBMIT_ARCHIVE: `${CODE_FOLDER}/${uri.slice(uri.lastIndexOf('/') + 1)}` }
}
