import { Alert, Button, Center, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { IconWarning } from '../ui/icons';

/** A page that broke: says so, and offers to load it again (after an update the old page's parts may be gone). */
export function PageError() {
  const { t } = useTranslation();
  return (
    <Center h="100%" p="md">
      <Alert color="red" variant="light" icon={<IconWarning />} title={t('error.page.title')} role="alert" maw={520}>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{t('error.page.hint')}</Text>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            {t('action.reload')}
          </Button>
        </Stack>
      </Alert>
    </Center>
  );
}
