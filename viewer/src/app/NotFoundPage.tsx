import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Center h="100%">
      <Stack align="center" gap="sm">
        <Title order={1} size="h3">
          {t('not-found.title')}
        </Title>
        <Text c="dark.2">{t('not-found.hint')}</Text>
        <Button component={Link} to="/" variant="default">
          {t('action.home')}
        </Button>
      </Stack>
    </Center>
  );
}
