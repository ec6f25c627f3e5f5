import type { ReactNode } from 'react';
import classes from './Note.module.css';

interface Props {
  kind: 'info' | 'good' | 'warn' | 'bad';
  icon?: ReactNode;
  title?: ReactNode;
  children?: ReactNode;
}

/** A remark that stays: quiet enough for a dark room, and said to screen readers. */
export function Note({ kind, icon, title, children }: Props) {
  return (
    <div className={classes.note} data-kind={kind} role={kind === 'bad' ? 'alert' : 'status'}>
      {icon && <span className={classes.icon}>{icon}</span>}
      <div className={classes.body}>
        {title && <strong>{title}</strong>}
        {children && <div className={classes.text}>{children}</div>}
      </div>
    </div>
  );
}
