/** Waiting, nothing there, something wrong: said the same way on every page. */
import { Button, Center, Group, Loader, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ApiError, type ClientCode } from '../api/problem';
import { IconWarning } from './icons';
import { Note } from './Note';

const CLIENT_CODES: readonly string[] = ['offline', 'timeout', 'not-understood'] satisfies ClientCode[];

/** The words for an error: the node's own where it sent some, ours where nothing came back. */
export function useErrorText() {
  const { t } = useTranslation();
  return (error: unknown): { title: string; detail: string; hint: string } => {
    if (error instanceof ApiError && error.title) return error;
    const code = error instanceof ApiError && CLIENT_CODES.includes(error.code) ? (error.code as ClientCode) : null;
    if (code) return { title: t(`error.${code}.title`), detail: '', hint: t(`error.${code}.hint`) };
    return { title: t('error.unknown.title'), detail: '', hint: t('error.unknown.hint') };
  };
}

/** An error in words, with the way to try again. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { t } = useTranslation();
  const { title, detail, hint } = useErrorText()(error);
  return (
    <Note kind="bad" icon={<IconWarning />} title={title}>
      <Stack gap="xs" align="flex-start">
        {detail && detail !== title && <span>{detail}</span>}
        {hint && <span>{hint}</span>}
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t('action.retry')}
          </Button>
        )}
      </Stack>
    </Note>
  );
}

export function Loading({ label }: { label?: string }) {
  const { t } = useTranslation();
  return (
    <Group gap="sm" justify="center" p="xl" role="status">
      <Loader size="sm" />
      <Text size="sm" c="dark.2">
        {label ?? t('state.loading')}
      </Text>
    </Group>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack gap={4} align="center" py={56} px="md">
      <Text fw={600}>{title}</Text>
      <Text size="sm" c="dark.2" ta="center" maw={460}>
        {children}
      </Text>
    </Stack>
  );
}

export function FullPageLoading() {
  return (
    <Center h="100%">
      <Loading />
    </Center>
  );
}

/** Something wrong where a whole page should be: try again, or go back to the start. */
export function FullPageError({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Center h="100%" p="md">
      <div style={{ width: 'min(520px, 100%)' }}>
        <ErrorNote error={error} onRetry={onRetry} />
        <Button component={Link} to="/" variant="subtle" size="xs" mt="xs">
          {t('action.home')}
        </Button>
      </div>
    </Center>
  );
}
