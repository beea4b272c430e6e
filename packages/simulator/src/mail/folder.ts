/** A mail folder. Its first messages are a range of numbers; what happened later is in its log. */
export interface Folder {
  readonly index: number;
  readonly id: string;
  displayName: string;
  /** Index of the parent, or undefined for the roots. */
  readonly parent: number | undefined;
  readonly wellKnownName: string | undefined;
  readonly isHidden: boolean;
  /** For a search folder: index of the folder that it shows. */
  readonly searches: number | undefined;
  /** Items that are no messages; `totalItemCount` counts them ("mailFolder resource type"). */
  readonly otherItems: number;
  /** Number of its first message, and how many follow each other from there. */
  readonly first: number;
  readonly count: number;
  readonly log: FolderEvent[];
  /** Messages in it now. */
  live: number;
  deleted: boolean;
}

/** Something that happened to a message in a folder. */
export interface FolderEvent {
  readonly number: number;
  /** `returned` is a message that was in this folder, left it, and came back. */
  readonly kind: 'added' | 'updated' | 'removed' | 'returned';
  /** How often the message had been moved by then: the default id depends on it. */
  readonly moves: number;
}
