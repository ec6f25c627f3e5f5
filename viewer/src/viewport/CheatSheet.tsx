import { Modal, SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './CheatSheet.module.css';

const KEYS = {
  images: [
    ['↑ ↓', 'scroll'],
    ['PgUp PgDn', 'ten'],
    ['Home End', 'ends'],
    ['[ ]', 'series'],
    ['space', 'play'],
  ],
  show: [
    ['1 … 9', 'presets'],
    ['I', 'invert'],
    ['+ −', 'zoom'],
    ['H T', 'turn'],
    ['O', 'overlay'],
    ['R', 'reset'],
  ],
  tools: [
    ['W', 'window'],
    ['S', 'scroll-tool'],
    ['Z P', 'zoom-pan'],
    ['L E', 'measure'],
    ['Delete', 'erase'],
  ],
  report: [
    ['K', 'key-image'],
    ['B', 'write'],
    ['Esc', 'leave'],
    ['Ctrl + Enter', 'sign'],
    ['N', 'next'],
  ],
} as const;

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
        {(Object.keys(KEYS) as (keyof typeof KEYS)[]).map((group) => (
          <section key={group}>
            <h2 className={classes.heading}>{t(`keys.${group}`)}</h2>
            <dl className={classes.list}>
              {KEYS[group].map(([key, meaning]) => (
                <div key={meaning}>
                  <dt>
                    <kbd className={classes.key}>{key === 'space' ? t('key.space') : key}</kbd>
                  </dt>
                  <dd>{t(`keys.do.${meaning}`)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </SimpleGrid>
      <p className={classes.mouse}>{t('keys.mouse')}</p>
      <p className={classes.mouse}>{t('keys.measurements')}</p>
    </Modal>
  );
}
