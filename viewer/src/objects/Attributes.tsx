/** Every attribute of an object, with a search: the last resort for what cannot be shown, and a tool for those who look into headers. */
import { Modal, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote, Loading } from '../ui/states';
import { useShortcuts } from '../viewport/shortcuts';
import { useViews } from '../viewport/views';
import classes from './Attributes.module.css';
import { face, type Place } from './node';
import type { Attribute } from './types';

/** Opens the attributes of the image in the active cell with its key. */
export function AttributesDesk() {
  const { t } = useTranslation();
  const { active } = useViews();
  const [place, setPlace] = useState<Place | null>(null);
  useShortcuts((command) => {
    if (command.do !== 'attributes') return;
    const { stack, shown } = active?.getState() ?? {};
    const frame = stack?.frames[shown ?? -1];
    if (stack && frame) setPlace({ study: stack.study, series: stack.series, sop: frame.sop });
  });
  return (
    <Modal opened={place !== null} onClose={() => setPlace(null)} size="xl" title={t('objects.attributes')}>
      {place && <AttributesTable place={place} />}
    </Modal>
  );
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();

export function matching(rows: readonly Attribute[], words: string): Attribute[] {
  const wanted = plain(words).trim();
  if (!wanted) return [...rows];
  return rows.filter((row) =>
    plain(`${row.tag} ${row.tag.replace(/[(),]/g, '')} ${row.name} ${row.value}`).includes(wanted),
  );
}

export function AttributesTable({ place }: { place: Place }) {
  const { t } = useTranslation();
  const [words, setWords] = useState('');
  const found = useQuery(face('attributes', place));
  const rows = useMemo(() => matching(found.data?.rows ?? [], words), [found.data, words]);
  if (found.error) return <ErrorNote error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Loading />;
  return (
    <div className={classes.attributes}>
      <TextInput
        size="xs"
        label={t('objects.search-attributes')}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        data-autofocus
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('objects.attributes')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('objects.tag')}</th>
              <th scope="col">{t('objects.attribute')}</th>
              <th scope="col">VR</th>
              <th scope="col">{t('objects.value')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: an object does not change
              <tr key={index}>
                <td className={classes.tag} style={{ paddingLeft: 8 + row.depth * 10 }}>
                  {row.tag}
                </td>
                <td>{row.name}</td>
                <td>{row.vr}</td>
                <td className={classes.value}>
                  {row.bytes === null ? row.value : t('objects.bytes', { n: row.bytes })}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p role="status">{t('objects.nothing-found')}</p>}
      {found.data.more && <p className={classes.more}>{t('objects.too-many')}</p>}
    </div>
  );
}
