/** What was set aside, as the node tells of it to the administrator. */
import { queryOptions } from '@tanstack/react-query';
import { json, send } from '../api/client';
import type { Schemas } from '../api/schema';

export type AsideFile = Schemas['AsideFile'];
export type Version = Schemas['Version'];
export type ObjectConflict = Schemas['ObjectConflict'];
export type SetAside = Schemas['SetAside'];

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
