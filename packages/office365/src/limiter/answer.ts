/** How the service took a request. */
export type Answer =
  | { readonly kind: 'accepted'; readonly cost?: number | undefined }
  | {
      readonly kind: 'throttled';
      /** Milliseconds, as the service asked. */
      readonly retryAfter: number | undefined;
      /** `quota`: too many requests; `concurrency`: too many at once; `service`: the service itself is short. */
      readonly reason: 'quota' | 'concurrency' | 'service';
    }
  | { readonly kind: 'failed' };
