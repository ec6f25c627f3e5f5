/** The user's own keys: read from the node when a study opens, kept there when they change. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { savePreference } from '../api/node';
import { queries } from '../api/queries';
import { type OwnKeys, readOwnKeys } from './keymap';
import { ACTIONS, setOwnKeys } from './shortcuts';

const NAME = 'keys';
const NONE: OwnKeys = {};

export function useOwnKeys(): { own: OwnKeys; change: (next: OwnKeys) => void; failed: boolean } {
  const client = useQueryClient();
  const { data } = useQuery(queries.preference<OwnKeys>(NAME));
  const kept = data?.value ?? data?.site ?? null;
  const own = kept === null ? NONE : readOwnKeys(ACTIONS, kept);
  const text = JSON.stringify(own);
  useEffect(() => setOwnKeys(JSON.parse(text) as OwnKeys), [text]);
  const saving = useMutation({
    mutationFn: (next: OwnKeys) => savePreference<OwnKeys>(NAME, next),
    onSuccess: (answer) => client.setQueryData(queries.preference<OwnKeys>(NAME).queryKey, answer),
  });
  return { own, change: (next) => saving.mutate(next), failed: saving.isError };
}
