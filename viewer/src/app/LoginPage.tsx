import { Badge, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import * as node from '../api/node';
import { queries } from '../api/queries';
import { showLanguage } from '../i18n';
import { isSomebodyElse, safeReturn } from '../session';
import { LanguageSwitch } from '../session/LanguageSwitch';
import { Brand } from '../ui/Brand';
import { ErrorNote } from '../ui/states';
import classes from './LoginPage.module.css';

export function LoginPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [parameters] = useSearchParams();
  const site = useQuery(queries.site());
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    document.title = `${t('login.title')} · Liên Tuyến`;
  }, [t]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const session = await node.login(username.trim(), password);
      const target = safeReturn(parameters.get('next'), session.role);
      if (isSomebodyElse(session.username)) {
        window.location.replace(target); // a fresh page: nothing of the last user's is sent in this one's name
        return;
      }
      client.setQueryData(queries.session().queryKey, session);
      await showLanguage(session.language);
      await navigate(target, { replace: true });
    } catch (reason) {
      setError(reason);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={(event) => void submit(event)} aria-labelledby="login-title">
        <div className={classes.top}>
          <Brand />
          <LanguageSwitch />
        </div>
        <div>
          <h1 id="login-title" className={classes.facility}>
            {site.data?.name ?? t('app.name')}
            {site.data?.demo && (
              <Badge color="yellow" variant="light" ml="xs" title={t('app.demo-explained')}>
                {t('app.demo')}
              </Badge>
            )}
          </h1>
          <Text size="sm" c="dark.2">
            {t('app.purpose')}
          </Text>
        </div>
        {parameters.get('ended') && !error && (
          <Text size="sm" className={classes.ended} role="status">
            {t('login.ended')}
          </Text>
        )}
        {site.error && !error && <ErrorNote error={site.error} onRetry={() => void site.refetch()} />}
        {error !== null && <ErrorNote error={error} />}
        <Stack gap="sm">
          <TextInput
            label={t('login.username')}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            required
            withAsterisk={false}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('login.password')}
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('login.show-password') }}
          />
        </Stack>
        <Button type="submit" loading={busy} fullWidth size="md">
          {t('login.submit')}
        </Button>
        {site.data && (
          <Text size="xs" c="dark.2" ta="center">
            {site.data.facility} · {t('app.version', { version: site.data.version })}
          </Text>
        )}
      </form>
    </main>
  );
}
