/** What the node's HTTP API sends and takes, by the names that this side uses: all of it is in `schema.ts`, from the node. */
import type { Schemas } from './schema';

export type Site = Schemas['Site'];
export type Session = Schemas['SessionInfo'];
export type Language = Session['language'];
export type Role = Session['role'];
export type Priority = Schemas['Priority'];
export type Problem = Schemas['Problem'];
export type FieldFault = Schemas['FieldFault'];

export type Study = Schemas['Study'];
export type StudyList = Schemas['StudyList'];
export type StudyDetail = Schemas['StudyDetail'];
/** How far along a study is, as its radiographer sees it. */
export type Stage = Study['stage'];
export type Progress = Schemas['Progress'];
export type LetterMarks = Schemas['LetterMarks'];
export type Series = Schemas['Series'];
export type Instance = Schemas['Instance'];
export type Delivery = Schemas['Delivery'];
export type DeliveryState = Schemas['DeliveryState'];
export type ItemState = keyof Schemas['ItemCounts'];
export type Timeline = Schemas['Timeline'];
export type TimelineItem = Schemas['TimelineItem'];
export type Hop = Schemas['Hop'];

export type ArrivedReport = Schemas['ReportContent'];
export type ReportSections = Omit<Schemas['Added'], 'signatures' | 'at'>;
export type SignedBy = Schemas['Signed'];

export type Task = Schemas['Task'];
export type TaskState = Schemas['ReadingState'];
export type TaskPage = Schemas['TaskList'];
export type TaskDetail = Schemas['TaskDetail'];
export type TaskClock = Schemas['Clock'];
/** Of `/api/reading/tasks?state=`. */
export type TaskFilter = 'open' | 'mine' | 'final' | 'all';
export type Report = Schemas['Report'];
export type ReportState = Task['report_state'];
/** The value of a template's field. */
export type FieldValue = Report['fields'][string];
export type Link = Schemas['Link'];

export type Colleague = Schemas['Colleague'];
export type ColleagueList = Schemas['ColleagueList'];
export type Seniority = Schemas['Seniority'];
export type Opinion = Schemas['OpinionShown'];
export type OpinionList = Schemas['OpinionList'];
export type ReaderList = Schemas['ReaderList'];
export type ReaderShown = Schemas['ReaderShown'];
export type ReaderProfile = Omit<ReaderShown, 'username' | 'display_name' | 'on_call_now'>;
export type OnCall = Schemas['OnCall'];

export type Notice = Schemas['NoticeItem'];
export type NoticeList = Schemas['NoticeList'];

export type Queue = Schemas['Queue'];
export type QueuedJob = Schemas['QueuedJob'];
export type QueuedDelivery = Schemas['QueuedDelivery'];
export type Quarantined = Schemas['Quarantined'];
