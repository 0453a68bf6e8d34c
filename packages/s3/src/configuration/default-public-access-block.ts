/** What a new bucket has since April 2023. Nothing here is ever public: unsigned requests are refused. */
export const DEFAULT_PUBLIC_ACCESS_BLOCK = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}
