/** Two texts of the same draft: the writer sees what differs and chooses. */
import { Button, Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Note } from '../ui/Note';
import { Differences } from './Differences';
import type { Draft } from './draft';
import type { Unsent } from './useDraft';

export function ConflictNote({ draft, onChoose }: { draft: Draft; onChoose: Unsent['settle'] }) {
  const { t } = useTranslation();
  if (draft.state.kind !== 'conflict') return null;
  return (
    <Note kind="warn" title={t('conflict.title')}>
      {t('conflict.explained')}
      <Differences before={draft.state.theirs.written} after={draft.report} />
      <Group gap="xs" mt={8}>
        <Button size="xs" onClick={() => onChoose('mine')}>
          {t('conflict.mine')}
        </Button>
        <Button size="xs" variant="default" onClick={() => onChoose('theirs')}>
          {t('conflict.theirs')}
        </Button>
      </Group>
    </Note>
  );
}
