/** What two hospitals say to each other about a study, as the node's API has it. */

export type LetterKind =
  | 'request'
  | 'question'
  | 'answer'
  | 'repeat'
  | 'repeated'
  | 'critical'
  | 'noted'
  | 'critical-over'
  | 'acceptance'
  | 'outcome'
  | 'note';

export type Agreement = 'yes' | 'partly' | 'no';
/** Why images must be made again, the usual ones first. */
export const REASONS = ['motion', 'positioning', 'exposure', 'incomplete', 'artefact', 'wrong-study', 'other'] as const;
export type RepeatReason = (typeof REASONS)[number];
export type Category = 1 | 2 | 3;
export type Channel = 'application' | 'telephone' | 'video' | 'message';

/** The parts of all kinds; which of them a letter has follows from its kind. */
export interface LetterBody {
  text?: string;
  summary?: string;
  questions?: string[];
  urgent?: boolean;
  blocking?: boolean;
  reason?: string;
  repeated?: boolean;
  category?: Category;
  due_at?: string;
  name?: string;
  role?: string;
  read_back?: boolean;
  told?: boolean;
  noted_by?: string;
  channel?: Channel;
  accepted?: Agreement;
  report?: string;
  diagnosis?: string;
  course?: string;
  agrees?: Agreement;
}

export interface Letter {
  id: string;
  kind: LetterKind;
  about: string;
  author: string;
  node: string;
  node_name: string;
  at: string;
  body: LetterBody;
  mine_side: boolean;
  /** It waits for somebody at the origin. */
  open: boolean;
}

export interface Thread {
  items: Letter[];
  may: LetterKind[];
  at_origin: boolean;
  /** Letters get to the hospital that made the study. */
  reachable: boolean;
}

export interface Finding {
  id: string;
  category: Category;
  text: string;
  state: 'raised' | 'told' | 'noted' | 'withdrawn';
  raised_by: string;
  raised_at: string;
  due_at: string;
  told_at: string | null;
  channel: Channel | '';
  noted_by: string;
  read_back: boolean;
  noted_at: string | null;
  escalated_at: string | null;
  overdue: boolean;
}
