import { Modal, SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './CheatSheet.module.css';
import { shown } from './keymap';
import { ACTIONS, type Group, useKeys } from './shortcuts';

const GROUPS = [...new Set(ACTIONS.map((action) => action.group))];

export function CheatSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('keys.title')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {GROUPS.map((group) => (
          <Section key={group} group={group} />
        ))}
      </SimpleGrid>
      <p className={classes.mouse}>{t('keys.mouse')}</p>
    </Modal>
  );
}

function Section({ group }: { group: Group }) {
  const { t } = useTranslation();
  const map = useKeys();
  return (
    <section>
      <h2 className={classes.heading}>{t(`keys.${group}`)}</h2>
      <dl className={classes.list}>
        {ACTIONS.filter((action) => action.group === group).map(({ id }) => (
          <div key={id}>
            <dt>
              <kbd className={classes.key}>
                {map.byAction
                  .get(id)
                  ?.map((key) => shown(key, t('key.space')))
                  .join(' ')}
              </kbd>
            </dt>
            <dd>{t(`keys.do.${id}` as 'keys.do.undo')}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
