/** A new order by hand. Saved, the page is ready for the next patient of the same machine and day. */
import { Button, Group } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { personName } from '../i18n/format';
import { IconBack, IconCheck } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote } from '../ui/states';
import { emptyForm, nextForm } from './form';
import * as node from './node';
import { orderQueries } from './node';
import { OrderFields } from './OrderFields';
import classes from './OrderPage.module.css';
import type { OrderDetail } from './types';
import { useOrderForm } from './useOrderForm';

export function NewOrderPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const suggestions = useQuery(orderQueries.suggestions());
  const [saved, setSaved] = useState<OrderDetail | null>(null);
  const [turn, setTurn] = useState(0);
  const entry = useOrderForm(emptyForm(new Date()));
  const save = useMutation({
    mutationFn: () => node.enter(entry.checked()),
    onSuccess: (order) => {
      setSaved(order);
      setTurn(turn + 1);
      entry.begin(nextForm(entry.form, new Date()));
      void client.invalidateQueries({ queryKey: ['orders'] });
      void client.invalidateQueries({ queryKey: ['order-suggestions'] });
    },
    onError: entry.refused,
  });

  useEffect(() => {
    document.title = `${t('orders.new')} · Liên Tuyến`;
  }, [t]);

  return (
    <form
      className={classes.page}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!save.isPending) save.mutate();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
    >
      <div className={classes.bar}>
        <Link to="/orders" className={classes.back}>
          <IconBack size={15} /> {t('nav.orders')}
        </Link>
        <h1>{t('orders.new')}</h1>
        <Group gap="xs">
          <span className={classes.keys}>{t('orders.save-keys')}</span>
          <Button type="submit" size="sm" loading={save.isPending}>
            {t('orders.save')}
          </Button>
        </Group>
      </div>
      {saved && !save.error && (
        <Note
          kind="good"
          icon={<IconCheck />}
          title={t('orders.saved', { name: personName(saved.patient_name), n: saved.accession_number })}
        >
          <Link to={`/orders/${encodeURIComponent(saved.id)}`}>{t('orders.open-saved')}</Link>
        </Note>
      )}
      {save.error !== null && !entry.isFormFault(save.error) && <ErrorNote error={save.error} />}
      <OrderFields
        key={turn}
        form={entry.form}
        faults={entry.faults}
        disabled={false}
        suggestions={suggestions.data}
        known={entry.known}
        onChange={entry.change}
        onPatient={entry.lookUp}
      />
    </form>
  );
}
