/** What somebody without the role asked the administrators for ("Admin consent workflow"). */
export interface ConsentRequest {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  readonly permissions: readonly string[];
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
  state: 'pending' | 'approved' | 'denied';
}
