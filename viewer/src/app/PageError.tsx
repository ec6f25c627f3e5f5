import { Button, Center, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { IconWarning } from '../ui/icons';
import { Note } from '../ui/Note';

/** A page that broke: says so, and offers to load it again (after an update the old page's parts may be gone). */
export function PageError() {
  const { t } = useTranslation();
  return (
    <Center h="100%" p="md">
      <Note kind="bad" icon={<IconWarning />} title={t('error.page.title')}>
        <Stack gap="xs" align="flex-start">
          <span>{t('error.page.hint')}</span>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            {t('action.reload')}
          </Button>
        </Stack>
      </Note>
    </Center>
  );
}
