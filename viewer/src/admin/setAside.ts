/** What was set aside, as the node tells of it to the administrator. */
import { queryOptions } from '@tanstack/react-query';
import { json, send } from '../api/client';

export interface AsideFile {
  name: string;
  reason: string;
  via: string;
  peer: string;
  calling_ae: string;
  size: number;
  received_at: string;
}

export interface Version {
  id: number;
  study_instance_uid: string;
  received_at: string;
  via: string;
  peer: string;
  calling_ae: string;
  size: number;
  digest: string;
  current: boolean;
  conflict: boolean;
}

export interface ObjectConflict {
  sop_instance_uid: string;
  versions: Version[];
}

export interface SetAside {
  files: AsideFile[];
  files_total: number;
  conflicts: ObjectConflict[];
  conflicts_total: number;
}

const PATH = '/api/admin/set-aside';
const file = (name: string) => `${PATH}/files/${encodeURIComponent(name)}`;
const version = (id: number) => `${PATH}/versions/${id}`;

export const setAside = () =>
  queryOptions({ queryKey: ['set-aside'], queryFn: ({ signal }) => json<SetAside>(PATH, { signal }) });
export const fileContent = (name: string) => `${file(name)}/content`;
export const retryFile = (name: string) => send(`${file(name)}/retry`, { method: 'POST' });
export const discardFile = (name: string) => send(`${file(name)}/discard`, { method: 'POST' });
export const versionContent = (id: number) => `${version(id)}/content`;
export const chooseVersion = (id: number) => send(`${version(id)}/choose`, { method: 'POST' });
